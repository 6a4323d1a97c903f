"""Remove a person from every account that you administer: first the API tokens, then the access.

GCORE_EMAIL=… GCORE_PASSWORD=… python offboard.py leaver@example.com
"""

import argparse
import contextlib
import os
from collections.abc import Iterator

from gcore_iam import IAMClient, NotFoundError, PermissionDeniedError, Session, models


def find_user(iam: IAMClient, email: str) -> models.User:
    """Return the user with an email address; the API has no search, so this reads the list."""
    for user in iam.users.list(page_size=1000):
        if user.email.casefold() == email.casefold():
            return user
    raise LookupError(f"no user of this account has the address {email}")


def offboard(iam: IAMClient, email: str) -> Iterator[str]:
    """Remove a person from each account, and yield what happened, one line for each account."""
    user = find_user(iam, email)
    own_account = iam.account.get().id
    for account in user.client_and_roles:
        name = f"{account.client_company_name} ({account.client_id})"
        try:
            view = iam if account.client_id == own_account else enter_account(iam, account.client_id)
            deleted = remove_from_account(view, account.client_id, account.user_id)
        except PermissionDeniedError as error:
            yield f"{name}: not removed, your role does not allow it ({error.message})"
        else:
            yield f"{name}: removed, with {deleted} API tokens"


def enter_account(iam: IAMClient, client_id: int) -> IAMClient:
    """Return a view of the client that works in another account of the caller."""
    token = iam.auth.select_account(client_id)
    return iam.with_options(auth=Session.from_tokens(token.access, token.refresh))


def remove_from_account(iam: IAMClient, client_id: int, user_id: int) -> int:
    """Delete the user's tokens, which the API asks for, then the access; return the number of tokens."""
    tokens = iam.tokens.list(client_id, issued_by=user_id, deleted=False)
    for token in tokens:
        iam.tokens.delete(client_id, token.id)
    with contextlib.suppress(NotFoundError):  # an earlier run has done it
        iam.users.revoke(client_id, user_id)
    return len(tokens)


def main(email: str) -> None:
    """Offboard one person."""
    with IAMClient(Session(os.environ["GCORE_EMAIL"], os.environ["GCORE_PASSWORD"])) as iam:
        for line in offboard(iam, email):
            print(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("email", metavar="EMAIL", help="the address of the person")
    arguments = parser.parse_args()
    if not {"GCORE_EMAIL", "GCORE_PASSWORD"} <= os.environ.keys():
        parser.error("set GCORE_EMAIL and GCORE_PASSWORD")
    main(arguments.email)
