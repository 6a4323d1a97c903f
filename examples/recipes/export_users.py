"""Write all users of the account to a CSV file, each with the last login that succeeded.

python export_users.py users.csv
"""

import argparse
import csv
from datetime import datetime
from pathlib import Path
from typing import TextIO

from gcore_iam import IAMClient, models

COLUMNS = ["id", "email", "name", "roles", "two_fa", "is_active", "last_login"]


def find_last_logins(iam: IAMClient) -> dict[int, datetime]:
    """Return the time of the last successful login by the id of the user. The API lists the latest login first."""
    last: dict[int, datetime] = {}
    for login in iam.account.logins(page_size=1000):
        if login.is_successful:
            last.setdefault(login.user, login.login_at)
    return last


def export_users(iam: IAMClient, file: TextIO) -> int:
    """Write one line for each user, and return the number of users."""
    last_logins = find_last_logins(iam)
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    count = 0
    for user in iam.users.list(page_size=500):
        writer.writerow(build_row(user, last_logins.get(user.id)))
        count += 1
    return count


def build_row(user: models.User, last_login: datetime | None) -> dict[str, object]:
    """Build the line of one user."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name or "",
        "roles": " ".join(str(group.name) for group in user.groups),
        "two_fa": user.two_fa,
        "is_active": user.is_active,
        "last_login": last_login.isoformat() if last_login else "never",
    }


def main(path: str) -> None:
    """Export the users of the account that `GCORE_API_KEY` belongs to."""
    with IAMClient() as iam, Path(path).open("w", newline="", encoding="utf-8") as file:
        print(export_users(iam, file), "users")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="FILE", help="the CSV file to write")
    arguments = parser.parse_args()
    main(arguments.path)
