"""The fake's state: accounts, users, API tokens, sessions, logins, emails."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from pyotp.totp import TOTP

from .clock import Clock
from .contract import Contract
from .seed import OTHER_ACCOUNT_USER_ID, Account, Login, User, derive_key
from .sessions import Sessions

LINK_LIFETIME = timedelta(hours=24)
"""How long a link in an email works, according to Gcore's page on inviting users."""


@attrs.frozen
class APIToken:
    """A permanent API token."""

    id: int
    key: str = attrs.field(repr=False)
    """The whole key, as the `Authorization` header carries it."""
    name: str
    description: str | None
    role: int
    user_id: int
    account_id: int
    created: datetime
    exp_date: datetime | None
    last_usage: datetime
    outlives_user: bool = False
    """Whether the token also works without its user: the fake's own key does, so that no fault locks the test out."""
    is_deleted: bool = False


@attrs.frozen
class Email:
    """An email that the API would have sent.

    Attributes:
        to: The address.
        kind: `invitation` to a new user, `notice` to a user who exists already, or `password recovery`.
        user_id: The user whom the email is about.
        link: Where the recipient chooses a password, a secret; None in a notice. See `FakeIAM.follow`.
        sent: Time of sending, in UTC.
    """

    to: str
    kind: str
    user_id: int
    link: str | None = attrs.field(repr=False)
    sent: datetime


class State:
    """The fake's state.

    Hold `lock` to read or change it. Users, tokens and accounts are immutable: a change replaces the old value.

    Args:
        seed: Seed of the secrets.
        clock: The fake's time.
        contract: The spec that the fake serves.
        accounts: The accounts.
        users: Their users, in the order of the list of users.
        logins: Past logins, the latest first.
        max_page_size: The largest page of a list.
    """

    def __init__(
        self,
        seed: int,
        clock: Clock,
        contract: Contract,
        accounts: Iterable[Account],
        users: Iterable[User],
        logins: Iterable[Login],
        max_page_size: int,
    ) -> None:
        self.lock: Final = threading.RLock()
        self.seed = seed
        self.clock = clock
        self.contract = contract
        self.accounts: dict[int, Account] = {account.id: account for account in accounts}
        self.users: dict[int, User] = {user.id: user for user in users}
        self.tokens: dict[int, APIToken] = {}
        self.logins: list[Login] = list(logins)
        self.outbox: list[Email] = []
        self.sessions: Final = Sessions(derive_key(seed, "signature"), clock)
        self.max_page_size = max_page_size
        self._last_user_id = max((user_id for user_id in self.users if user_id != OTHER_ACCOUNT_USER_ID), default=0)
        self._token_ids: dict[str, int] = {}
        self.secrets: set[str] = {user.password for user in self.users.values() if user.password}
        """Keys, passwords and links that work or have worked, to be masked wherever they are shown."""
        self._links: dict[str, Email] = {}

    # --- users -----------------------------------------------------------------------------------------------------

    def list_members(self, account_id: int) -> list[User]:
        """List the users who can enter an account, in the order of the list of users."""
        return [user for user in self.users.values() if account_id in user.roles]

    def find_user(self, email: str) -> User | None:
        """Find the user who signs in with an email address, compared without case."""
        wanted = email.casefold()
        return next((user for user in self.users.values() if user.email.casefold() == wanted), None)

    def allocate_user_id(self) -> int:
        """Return an id that no user has or had."""
        self._last_user_id += 1 + (self._last_user_id + 1 == OTHER_ACCOUNT_USER_ID)
        return self._last_user_id

    def allocate_account_id(self) -> int:
        """Return an id that no account has."""
        return max(self.accounts) + 1

    def update_user(self, user: User, **changes: Any) -> User:
        """Change a user, and return the changed user."""
        self.users[user.id] = changed = attrs.evolve(user, **changes)
        if changed.password:
            self.secrets.add(changed.password)
        return changed

    def insert_user(self, user: User, position: int, account_id: int) -> None:
        """Insert a user before the one at a position of an account's list; at the end if the position is beyond it."""
        members = self.list_members(account_id)
        before = members[position].id if position < len(members) else None
        rearranged: dict[int, User] = {}
        for other in self.users.values():
            if other.id == before:
                rearranged[user.id] = user
            rearranged[other.id] = other
        rearranged.setdefault(user.id, user)
        self.users = rearranged

    def remove_user(self, user: User, account_id: int) -> None:
        """Revoke a user's access to an account; a user without any account is deleted."""
        roles = {account: role for account, role in user.roles.items() if account != account_id}
        if roles:
            self.update_user(user, roles=roles)
        else:
            del self.users[user.id]

    # --- secrets ---------------------------------------------------------------------------------------------------

    def build_totp(self, user: User) -> TOTP:
        """Build the generator of a user's one-time passwords (RFC 6238)."""
        secret = derive_key(self.seed, f"one-time password {user.id}")
        return TOTP(base64.b32encode(secret).decode("ascii").rstrip("="))

    def add_token(self, token: APIToken) -> None:
        """Add an API token."""
        self.tokens[token.id] = token
        self._token_ids[token.key] = token.id
        self.secrets.add(token.key)

    def issue_token(self, separator: str, **properties: Any) -> APIToken:
        """Issue an API token; `_` separates id and secret in keys of version 2, `$` in those of version 1."""
        token_id = max(self.tokens, default=0) + 1
        secret = derive_key(self.seed, f"token {token_id}").hex()
        now = self.clock.now()
        token = APIToken(token_id, f"{token_id}{separator}{secret}", created=now, last_usage=now, **properties)
        self.add_token(token)
        return token

    def find_token(self, key: str) -> APIToken | None:
        """Find the token that a key belongs to; None if the key does not work."""
        token_id = self._token_ids.get(key)
        return None if token_id is None or self.is_deleted_or_expired(self.tokens[token_id]) else self.tokens[token_id]

    def has_key(self, key: str) -> bool:
        """Return whether a token has a key, even if it does not work any more."""
        return key in self._token_ids

    def record_token_usage(self, token: APIToken) -> None:
        """Record that a token is used now."""
        self.tokens[token.id] = attrs.evolve(token, last_usage=self.clock.now())

    def delete_token(self, token: APIToken) -> None:
        """Mark a token as deleted; lists of deleted tokens still show it."""
        self.tokens[token.id] = attrs.evolve(token, is_deleted=True)

    def is_expired(self, token: APIToken) -> bool:
        """Return whether a token's expiry date has passed."""
        return token.exp_date is not None and token.exp_date <= self.clock.now()

    def is_deleted_or_expired(self, token: APIToken) -> bool:
        """Return whether a token is deleted or expired."""
        return token.is_deleted or self.is_expired(token)

    def list_tokens(self, user_id: int, account_id: int) -> Iterator[APIToken]:
        """List the working tokens that a user has issued for an account."""
        for token in self.tokens.values():
            if (token.user_id, token.account_id) == (user_id, account_id) and not self.is_deleted_or_expired(token):
                yield token

    # --- emails ----------------------------------------------------------------------------------------------------

    def send_email(self, kind: str, user: User, *, with_link: bool) -> None:
        """Send an email to a user, with or without a link for choosing a password."""
        link = None
        if with_link:
            secret = derive_key(self.seed, f"link {len(self.outbox)}").hex()
            link = f"https://auth.gcore.com/login/password?token={secret}"
        email = Email(user.email, kind, user.id, link, self.clock.now())
        self.outbox.append(email)
        if link is not None:
            self._links[link] = email
            self.secrets.add(link)

    def follow_link(self, link: str, password: str) -> None:
        """Choose a password by a link, which works once.

        Raises:
            ValueError: The link does not work.
        """
        email = self._links.pop(link, None)
        user = self.users.get(email.user_id) if email else None
        if email is None or user is None or self.clock.now() >= email.sent + LINK_LIFETIME:
            raise ValueError("the link does not work: it was followed before, is older than 24 hours, or is unknown")
        self.update_user(user, password=password, activated=True)
        self.sessions.end_sessions(user.id)
