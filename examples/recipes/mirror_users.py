"""Mirror the users of the account into a table of a database. An interrupted run continues.

python mirror_users.py iam.sqlite
"""

import argparse
import json
import sqlite3
from contextlib import closing

from gcore_iam import IAMClient, IAMError

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT, name TEXT, is_active INTEGER, run INTEGER);
CREATE TABLE IF NOT EXISTS progress (run INTEGER, checkpoint TEXT);
"""
UPSERT = """
INSERT INTO users VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name, is_active = excluded.is_active,
run = excluded.run
"""


def mirror_users(iam: IAMClient, database: sqlite3.Connection) -> int:
    """Bring the table up to date, and return the number of users that it has afterwards."""
    database.executescript(SCHEMA)
    run, resume = load_progress(database)
    users = iam.users.list(page_size=500, resume=resume)
    try:
        for page in users.pages():
            rows = [(user.id, user.email, user.name, user.is_active, run) for user in page.items]
            with database:  # the rows and the progress are one transaction
                database.executemany(UPSERT, rows)
                save_progress(database, run, users.checkpoint())
    except IAMError as error:
        with database:
            save_progress(database, run, error.checkpoint)
        raise
    with database:
        database.execute("DELETE FROM users WHERE run <> ?", (run,))  # no longer in the account
        save_progress(database, run + 1, None)
    count: int = database.execute("SELECT count(*) FROM users").fetchone()[0]
    return count


def load_progress(database: sqlite3.Connection) -> tuple[int, dict[str, object] | None]:
    """Return the number of this run, and where it continues."""
    row = database.execute("SELECT run, checkpoint FROM progress").fetchone()
    return (1, None) if row is None else (row[0], row[1] and json.loads(row[1]))


def save_progress(database: sqlite3.Connection, run: int, checkpoint: dict[str, object] | None) -> None:
    """Replace the stored progress."""
    database.execute("DELETE FROM progress")
    database.execute("INSERT INTO progress VALUES (?, ?)", (run, checkpoint and json.dumps(checkpoint)))


def main(path: str) -> None:
    """Mirror the users into one SQLite file."""
    with IAMClient() as iam, closing(sqlite3.connect(path)) as database:
        print(mirror_users(iam, database), "users")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="FILE", help="the SQLite file")
    arguments = parser.parse_args()
    main(arguments.path)
