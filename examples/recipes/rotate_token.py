"""Replace the API token of a CI system. The old token works until the vault has the new one.

python rotate_token.py TOKEN_NAME FILE
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from gcore_iam import IAMClient, TokenRotationError, models

StoreSecret = Callable[[str], None]


def rotate_token(iam: IAMClient, name: str, store_secret: StoreSecret) -> int:
    """Rotate the token with a name, and return the id of the new token.

    Args:
        iam: A client whose role may create tokens.
        name: The name of the token.
        store_secret: Writes the key to the vault. If it raises, the old token stays.
    """
    client_id = iam.account.get().id
    found = [token for token in iam.tokens.list(client_id, deleted=False) if token.name == name]
    if len(found) != 1:
        raise LookupError(f"{len(found)} tokens have the name {name!r}; give it to exactly one")

    def hand_over(new: models.CreateTokenResponseV2) -> None:
        store_secret(new.token)

    return iam.tokens.rotate(client_id, found[0].id, hand_over).id


def build_file_vault(path: Path) -> StoreSecret:
    """Return a function that writes a secret to a file in one step. Put the call of your vault here."""

    def store_secret(secret: str) -> None:
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(secret, encoding="utf-8")
        new.replace(path)

    return store_secret


def main(name: str, path: str) -> int:
    """Rotate one token."""
    try:
        with IAMClient() as iam:
            print("the new token is", rotate_token(iam, name, build_file_vault(Path(path))))
    except TokenRotationError as error:
        print(f"the rotation stopped at the stage {error.stage!r}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", metavar="TOKEN_NAME", help="the name of the token")
    parser.add_argument("path", metavar="FILE", help="where to store the new key")
    arguments = parser.parse_args()
    sys.exit(main(arguments.name, arguments.path))
