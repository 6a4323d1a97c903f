"""Invite the people of a CSV file (columns email, role, name). A second run continues where the first one stopped.

python bulk_invite.py people.csv
"""

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path

from gcore_iam import AlreadyInvitedError, AmbiguousOutcomeError, BadRequestError, IAMClient, models

COLUMNS = ["email", "role", "name"]


def invite_people(iam: IAMClient, people: Path, journal: Path) -> Iterator[str]:
    """Invite everybody whom the journal does not name yet, and yield one line for each person."""
    done: set[str] = set()
    if journal.exists():
        done = {json.loads(line)["email"] for line in journal.read_text("utf-8").splitlines()}
    client_id = iam.account.get().id
    with people.open(newline="", encoding="utf-8-sig") as rows, journal.open("a", encoding="utf-8") as log:
        reader = csv.DictReader(rows)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise SystemExit(f"{people}: its first line must name the column {', '.join(missing)}")
        for row in reader:
            if row["email"] in done:
                continue
            outcome = invite(iam, client_id, row)
            # Written before the next request, so that an interrupted run loses at most this line.
            log.write(json.dumps({"email": row["email"], "outcome": outcome}) + "\n")
            log.flush()
            yield f"{row['email']}: {outcome}"


def invite(iam: IAMClient, client_id: int, row: dict[str, str]) -> str:
    """Invite one person, and return what happened."""
    try:
        response = iam.users.invite(client_id, row["email"], row["role"], name=row["name"])
    except AlreadyInvitedError:
        return "invited before"
    except BadRequestError as error:
        return f"refused: {error.message}"  # a wrong address or role
    except AmbiguousOutcomeError as error:
        # The connection broke after the request was sent. Look before anybody gets a second email.
        user = error.reconcile(models.User)
        if user is None:
            raise  # not invited: the next run tries again
        return f"invited as user {user.id}"
    return f"invited as user {response.user_id}"


def main(path: str) -> None:
    """Invite the people of one file; the journal stands beside it."""
    people = Path(path)
    with IAMClient() as iam:
        for line in invite_people(iam, people, people.with_suffix(".journal")):
            print(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="FILE", help="a CSV file with the columns email, role, name")
    arguments = parser.parse_args()
    main(arguments.path)
