"""All that the fake knows: accounts, users, API tokens, sessions, logins, emails."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import attrs
from pyotp.totp import TOTP

from .clock import Clock
from .population import OUTSIDER_ID, Account, Login, User, key_material
from .sessions import Sessions

LINK_LIFETIME = timedelta(hours=24)
"""How long a link in an email works, as Gcore's page on inviting users has it."""


@attrs.frozen
class APIToken:
    """A permanent API token."""

    id: int
    key: str = attrs.field(repr=False)
    """The whole of it, as the `Authorization` header carries it."""
    name: str
    description: str | None
    role: int
    user_id: int
    account_id: int
    created: datetime
    exp_date: datetime | None
    last_usage: datetime
    outlives_user: bool = False
    """Whether it serves without its user too: the fake's own key does, so that nobody is locked out by a fault."""
    is_deleted: bool = False


@attrs.frozen
class Email:
    """An email that the API would have sent.

    Attributes:
        to: The address.
        kind: `invitation` to somebody new, `notice` to somebody who has a user already, or `password recovery`.
        user_id: The user it is about.
        link: Where the recipient chooses a password, a secret; None in a notice. See `FakeIAM.follow`.
        sent: When, in UTC.
    """

    to: str
    kind: str
    user_id: int
    link: str | None = attrs.field(repr=False)
    sent: datetime


class State:
    """What the fake knows.

    Whoever reads or changes it holds `lock`. Users, tokens and accounts are values: a change puts a new one in place
    of the old one.

    Args:
        seed: What secrets are derived from.
        clock: The fake's time.
        accounts: The accounts there are.
        users: Their users, in the order of the list of users.
        logins: Past logins, the latest first.
        max_page_size: The largest page of a list.
    """

    def __init__(
        self,
        seed: int,
        clock: Clock,
        accounts: Iterable[Account],
        users: Iterable[User],
        logins: Iterable[Login],
        max_page_size: int,
    ) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.clock = clock
        self.accounts = {account.id: account for account in accounts}
        self.users = {user.id: user for user in users}
        self.tokens: dict[int, APIToken] = {}
        self.logins = list(logins)
        self.outbox: list[Email] = []
        self.sessions = Sessions(key_material(seed, "signature"), clock)
        self.max_page_size = max_page_size
        self._last_user_id = max((user_id for user_id in self.users if user_id != OUTSIDER_ID), default=0)
        self._token_ids: dict[str, int] = {}
        self.secrets = {user.password for user in self.users.values() if user.password}
        """Keys, passwords and links that work or did, none of which may be shown."""
        self._links: dict[str, Email] = {}

    # --- users -----------------------------------------------------------------------------------------------------

    def members(self, account_id: int) -> list[User]:
        """The users who can enter an account, in the order of the list of users."""
        return [user for user in self.users.values() if account_id in user.roles]

    def user_by_email(self, email: str) -> User | None:
        """The user who signs in with an address, whatever its case."""
        wanted = email.casefold()
        return next((user for user in self.users.values() if user.email.casefold() == wanted), None)

    def next_user_id(self) -> int:
        """An id that no user has or had."""
        self._last_user_id += 1 + (self._last_user_id + 1 == OUTSIDER_ID)
        return self._last_user_id

    def next_account_id(self) -> int:
        """An id that no account has."""
        return max(self.accounts) + 1

    def update(self, user: User, **changes: Any) -> User:
        """Change a user, and give the user as changed."""
        self.users[user.id] = changed = attrs.evolve(user, **changes)
        if changed.password:
            self.secrets.add(changed.password)
        return changed

    def insert(self, user: User, position: int, account_id: int) -> None:
        """Put a user before the one at a position of an account's list; beyond its end, last."""
        members = self.members(account_id)
        before = members[position].id if position < len(members) else None
        rearranged: dict[int, User] = {}
        for other in self.users.values():
            if other.id == before:
                rearranged[user.id] = user
            rearranged[other.id] = other
        rearranged.setdefault(user.id, user)
        self.users = rearranged

    def remove(self, user: User, account_id: int) -> None:
        """Take an account from a user; without any, the user is deleted."""
        roles = {account: role for account, role in user.roles.items() if account != account_id}
        if roles:
            self.update(user, roles=roles)
        else:
            del self.users[user.id]

    # --- secrets ---------------------------------------------------------------------------------------------------

    def one_time_passwords(self, user: User) -> TOTP:
        """What makes and checks a user's one-time passwords (RFC 6238)."""
        secret = key_material(self.seed, f"one-time password {user.id}")
        return TOTP(base64.b32encode(secret).decode("ascii").rstrip("="))

    def add_token(self, token_id: int, key: str, **properties: Any) -> APIToken:
        """Add an API token with a key that exists already."""
        now = self.clock.now()
        token = APIToken(id=token_id, key=key, created=now, last_usage=now, **properties)
        self.tokens[token_id] = token
        self._token_ids[key] = token_id
        self.secrets.add(key)
        return token

    def issue_token(self, separator: str, **properties: Any) -> APIToken:
        """Issue an API token; `_` separates id and secret in keys of version 2, `$` in those of version 1."""
        token_id = max(self.tokens, default=0) + 1
        secret = key_material(self.seed, f"token {token_id}").hex()
        return self.add_token(token_id, f"{token_id}{separator}{secret}", **properties)

    def token_by_key(self, key: str) -> APIToken | None:
        """The token that a key belongs to, None when it does not serve (any more)."""
        token_id = self._token_ids.get(key)
        return None if token_id is None or self.is_gone(self.tokens[token_id]) else self.tokens[token_id]

    def used(self, token: APIToken) -> None:
        """Note that a token is used now."""
        self.tokens[token.id] = attrs.evolve(token, last_usage=self.clock.now())

    def delete_token(self, token: APIToken) -> None:
        """Delete a token; what is known of it stays."""
        self.tokens[token.id] = attrs.evolve(token, is_deleted=True)

    def is_expired(self, token: APIToken) -> bool:
        """Whether a token's expiry date has passed."""
        return token.exp_date is not None and token.exp_date <= self.clock.now()

    def is_gone(self, token: APIToken) -> bool:
        """Whether a token was deleted, by somebody or by its expiry."""
        return token.is_deleted or self.is_expired(token)

    def tokens_of(self, user_id: int, account_id: int) -> Iterator[APIToken]:
        """The tokens that a user has issued for an account and that are not gone."""
        for token in self.tokens.values():
            if (token.user_id, token.account_id) == (user_id, account_id) and not self.is_gone(token):
                yield token

    # --- emails ----------------------------------------------------------------------------------------------------

    def send(self, kind: str, user: User, *, with_link: bool) -> None:
        """Send an email to a user, with a link for choosing a password if wanted."""
        link = None
        if with_link:
            secret = key_material(self.seed, f"link {len(self.outbox)}").hex()
            link = f"https://auth.gcore.com/login/password?token={secret}"
        email = Email(user.email, kind, user.id, link, self.clock.now())
        self.outbox.append(email)
        if link is not None:
            self._links[link] = email
            self.secrets.add(link)

    def follow(self, link: str, password: str) -> None:
        """Choose a password by a link, which serves once.

        Raises:
            ValueError: The link does not serve (any more).
        """
        email = self._links.pop(link, None)
        user = self.users.get(email.user_id) if email else None
        if email is None or user is None or self.clock.now() >= email.sent + LINK_LIFETIME:
            raise ValueError("the link does not work: it was followed before, is older than 24 hours, or is unknown")
        self.update(user, password=password, activated=True)
        self.sessions.end(user.id)
