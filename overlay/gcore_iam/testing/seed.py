"""Generates accounts, users and logins: the same ones for the same seed, on every machine and Python version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count, islice
from typing import Any, TypeAlias, TypeVar

import attrs

from .roles import ADMINISTRATORS, USERS

T = TypeVar("T")

Record: TypeAlias = dict[str, Any]
"""A JSON object in the form the API sends."""

ACCOUNT_ID = 1001
COMPANY = "Example Widgets Ltd"
OTHER_ACCOUNT_ID = 2002
OTHER_COMPANY = "Example Gadgets GmbH"
RESELLER_ID = 1
OWNER_ID = 1
"""Id of the first user: an active administrator, to whom the API key belongs."""
OTHER_ACCOUNT_USER_ID = 1_000_000_001
"""Id of the administrator of the other account, who cannot enter the first one."""
OTHER_ACCOUNT_EMAIL = "outsider@example.net"
PASSWORD = "correct-horse-battery"  # noqa: S105 - of generated users
"""The password of every generated user who signs in by password."""

SERVICES = ("CDN", "STORAGE", "STREAMING", "DNS", "DDOS", "CLOUD")

# A deck holds every value at least once, in about the proportion of a real account. Cards are dealt until
# the deck is empty, so more users than the largest deck has cards have every value, with any seed.
_ROLE_IDS = (2, 2, 2, 2, 5, 5, 5, 1, 3009, 3022)
_LANGUAGES = ("en", "en", "en", "en", "de", "de", "ru", "zh", "az")
_AUTH_TYPES = (
    ("password",),
    ("password",),
    ("password",),
    ("password", "google-oauth2"),
    ("password", "github"),
    ("sso",),
    ("password", "sso"),
    ("github", "google-oauth2"),
)
# activated, two_fa, is_active: two-step verification comes after the email address has been confirmed.
_STANDINGS = (
    *[(True, False, True)] * 5,
    *[(True, True, True)] * 3,
    *[(False, False, True)] * 1,
    *[(True, False, False)] * 1,
)
_USER_TYPES = (*["common"] * 9, "reseller", "seller")
_DOMAINS = ("example.com", "example.com", "example.org", "example.net", "eu.example.com")
_HAS_NAME = (True, True, True, True, True, True, False)
_HAS_PHONE = (True, True, False)
_HAS_OTHER_ACCOUNT = (False, False, False, False, True)
# 555-0100 to 555-0199 are reserved for fiction, in every area code.
_AREA_CODES = (202, 303, 415, 617, 808)
# Given names only, each with the spelling that an email address can hold.
_NAMES = (
    ("Anvika", "anvika"),
    ("Brannoc", "brannoc"),
    ("Çelune", "celune"),
    ("Dorrit", "dorrit"),
    ("Élowyne", "elowyne"),
    ("Fenwick", "fenwick"),
    ("Gülmira", "gulmira"),
    ("Hallgrim", "hallgrim"),
    ("Иверия", "iveria"),
    ("Jorunn", "jorunn"),
    ("Kasimir", "kasimir"),
    ("Łucjana", "lucjana"),
    ("Mirabelle-Sun", "mirabelle-sun"),
    ("Núriel", "nuriel"),
    ("Orsolya", "orsolya"),
    ("Пламена", "plamena"),
    ("Quillon", "quillon"),
    ("Røskva", "roskva"),
    ("Səmayə", "semaye"),
    ("Tamsin", "tamsin"),
    ("Ulrikke", "ulrikke"),
    ("Vashti", "vashti"),
    ("晓岚", "xiaolan"),
    ("Yngvild", "yngvild"),
    ("Zéphine", "zephine"),
)

# Status and whether the control panel shows the service.
_SERVICE_STATES = (
    ("active", True),
    ("active", True),
    ("trial", True),
    ("paused", True),
    ("trialend", False),
    ("new", False),
)
_PAID_FEATURES = (
    (11, "CDN", "Raw logs"),
    (12, "CDN", "Image optimisation"),
    (23, "STORAGE", "Storage in a second region"),
    (37, "DNS", "Answers by location"),
    (41, "CLOUD", "Larger quota of instances"),
)
_FREE_FEATURES = (
    (101, "CDN", "Certificates from Let's Encrypt"),
    (102, "CDN", "Compression with Brotli"),
    (113, "STREAMING", "Low latency"),
    (124, "DDOS", "Protection of the network layer"),
    (135, "DNS", "Import of zone files"),
)
# Spelling in the login log; the spec has one example, `OAUTH`.
AUTH_TYPES_IN_LOG = {"password": "PASSWORD", "sso": "SSO", "github": "OAUTH", "google-oauth2": "OAUTH"}
_USER_AGENTS = ("example-browser/1.0", "example-browser/2.0 (mobile)", "example-cli/3.1")
_LOGINS_UNTIL = datetime(2025, 12, 31, 18, tzinfo=UTC)
_FEATURES_SINCE = datetime(2023, 1, 1, tzinfo=UTC)
_FEATURES_PERIOD = int(timedelta(days=900).total_seconds())


@attrs.frozen
class Account:
    """An account."""

    id: int
    company: str
    details: Record
    """The other properties of schema ClientBase, without its users."""


@attrs.frozen
class User:
    """A user who can enter accounts. The defaults are those of a user who has just been invited."""

    id: int
    email: str
    roles: Mapping[int, int]
    """The user's role in each account, both by id; the user's home account comes first."""
    name: str | None = None
    lang: str = "en"
    phone: str | None = None
    auth_types: tuple[str, ...] = ("password",)
    user_type: str = "common"
    activated: bool = False
    two_fa: bool = False
    is_active: bool = True
    password: str | None = attrs.field(default=None, repr=False)
    """None for a user without a password."""
    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    """Seeded properties that the spec has gained since `serializers.py` was written."""
    serialized: dict[int, Record] = attrs.field(init=False, factory=dict, repr=False, eq=False)
    """Cache of the user in the API's form, by account: serializing took half of the time of a page. A changed user is
    another value with an empty cache."""

    @property
    def can_sign_in(self) -> bool:
        """Whether the user may sign in with a password."""
        return self.is_active and self.activated and self.password is not None and "password" in self.auth_types

    @property
    def home_account(self) -> int:
        """The id of the user's home account."""
        return next(iter(self.roles))


@attrs.frozen
class Login:
    """An attempt to sign in."""

    account_id: int
    user_id: int
    at: datetime
    ip_address: str
    user_agent: str
    auth_type: str
    is_successful: bool


def generate_users(seed: int, number: int, password: str) -> list[User]:
    """Generate users of the first account, with ids from 1 up.

    For the same seed, fewer users are the beginning of more users.
    """
    return list(islice(_iterate_users(seed, password), number))


def user_of_other_account(password: str) -> User:
    """Return the administrator of the other account."""
    roles = {OTHER_ACCOUNT_ID: ADMINISTRATORS}
    return User(OTHER_ACCOUNT_USER_ID, OTHER_ACCOUNT_EMAIL, roles, name="Vashti", activated=True, password=password)


def generate_accounts(seed: int) -> list[Account]:
    """Generate the first account, and another one that some of its users can enter as well."""
    return [
        Account(ACCOUNT_ID, COMPANY, _generate_details(seed, "account")),
        Account(OTHER_ACCOUNT_ID, OTHER_COMPANY, _generate_details(seed, "other account")),
    ]


def build_account(account_id: int, company: str, owner: User | None) -> Account:
    """Build an account that has just been opened."""
    return Account(
        account_id,
        company,
        {
            "email": owner.email if owner else "nobody@example.com",
            "phone": owner.phone if owner else None,
            "name": owner.name if owner else None,
            "status": "new",
            "website": "",
            "capabilities": [],
            "serviceStatuses": {service: {"status": "new", "enabled": False} for service in SERVICES},
            "paidFeatures": {service: [] for service in SERVICES},
            "freeFeatures": {service: [] for service in SERVICES},
            "entryBaseDomain": None,
            "signup_process": "sign_up_simple",
            "deleted": False,
            "bill_type": "month",
            "custom_id": None,
            "country_code": "LU",
            "is_test": False,
        },
    )


def generate_logins(seed: int, users: Sequence[User], number: int) -> list[Login]:
    """Generate past logins of users to the first account, the latest first; none without users."""
    if not users:
        return []
    moment, logins = _LOGINS_UNTIL, list[Login]()
    for index in range(number):
        roll = _derive_number(seed, f"login {index}")
        user = users[roll % len(users)]
        moment -= timedelta(seconds=60 + roll // 7 % 40_000)
        auth_type = user.auth_types[roll // 11 % len(user.auth_types)] if user.auth_types else "password"
        logins.append(
            Login(
                account_id=ACCOUNT_ID,
                user_id=user.id,
                at=moment,
                ip_address=f"192.0.2.{1 + roll // 13 % 254}",
                user_agent=_USER_AGENTS[roll // 17 % len(_USER_AGENTS)],
                auth_type=AUTH_TYPES_IN_LOG[auth_type],
                is_successful=roll // 19 % 8 > 0,
            )
        )
    return logins


def derive_key(seed: int, label: str) -> bytes:
    """Derive 32 bytes that look random but depend only on seed and label."""
    # Hexadecimal, because Python does not write very large integers in decimal.
    return sha256(f"{seed:x}/{label}".encode()).digest()


def _generate_details(seed: int, label: str) -> Record:
    def one_of(deck: str, cards: Sequence[T]) -> T:
        return next(_deal(seed, f"{label} {deck}", cards))

    states = dict(zip(SERVICES, _deal(seed, f"{label} services", _SERVICE_STATES), strict=False))
    return {
        "email": "billing@example.com",
        "phone": one_of("phone", ("+12025550100", "+13035550101", None)),
        "name": one_of("name", ("Orsolya", "Fenwick", None)),
        "status": one_of("status", ("active", "trial", "integration", "ready")),
        "website": "https://www.example.com",
        "capabilities": [service for service, (_, enabled) in states.items() if enabled],
        "serviceStatuses": {
            service: {"status": status, "enabled": enabled} for service, (status, enabled) in states.items()
        },
        "paidFeatures": _generate_features(seed, "paid_feature_id", _PAID_FEATURES),
        "freeFeatures": _generate_features(seed, "free_feature_id", _FREE_FEATURES),
        "entryBaseDomain": one_of("domain", ("portal.example.com", None)),
        "signup_process": one_of("signup", ("sign_up_full", "sign_up_simple", None)),
        "deleted": False,
        "bill_type": one_of("bill", ("month", "prepay")),
        "custom_id": one_of("custom id", ("widgets-7f3", None)),
        "country_code": one_of("country", ("LU", "DE", "AZ", "US")),
        "is_test": one_of("test", (False, True)),
    }


def _iterate_users(seed: int, password: str) -> Iterator[User]:
    roles = _deal(seed, "role", _ROLE_IDS)
    languages = _deal(seed, "language", _LANGUAGES)
    auth_types_deck = _deal(seed, "auth types", _AUTH_TYPES)
    standings = _deal(seed, "standing", _STANDINGS)
    user_types = _deal(seed, "user type", _USER_TYPES)
    domains = _deal(seed, "domain", _DOMAINS)
    has_name = _deal(seed, "has name", _HAS_NAME)
    has_phone = _deal(seed, "has phone", _HAS_PHONE)
    has_other_account = _deal(seed, "has other account", _HAS_OTHER_ACCOUNT)
    names = _deal(seed, "name", _NAMES)
    area_codes = _deal(seed, "area code", _AREA_CODES)
    for user_id in count(OWNER_ID):
        owner = user_id == OWNER_ID
        role = ADMINISTRATORS if owner else next(roles)
        activated, two_fa, is_active = (True, False, True) if owner else next(standings)
        user_type = "common" if owner else next(user_types)
        auth_types = next(auth_types_deck)
        if owner and "password" not in auth_types:
            auth_types = ("password", *auth_types)
        name, mailbox = next(names)
        domain = next(domains)
        yield User(
            id=user_id,
            email=f"{mailbox}.{user_id}@{domain}",
            name=name if next(has_name) else None,
            lang=next(languages),
            phone=f"+1{next(area_codes)}55501{user_id % 100:02}" if next(has_phone) else None,
            roles={ACCOUNT_ID: role} | ({OTHER_ACCOUNT_ID: USERS} if next(has_other_account) else {}),
            auth_types=auth_types,
            user_type=user_type,
            activated=activated,
            two_fa=two_fa,
            is_active=is_active,
            password=password,
        )


def _generate_features(seed: int, id_key: str, features: Sequence[tuple[int, str, str]]) -> Record:
    grouped: dict[str, list[Record]] = {service: [] for service in SERVICES}
    for feature_id, service, name in features:
        number = _derive_number(seed, f"{id_key} {feature_id}")
        since = _FEATURES_SINCE + timedelta(seconds=number % _FEATURES_PERIOD)
        grouped[service].append(
            {
                "feature_id": feature_id,
                "service": service,
                "name": name,
                "create_date": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                id_key: 50_000 + number % 40_000,
            }
        )
    return grouped


def _deal(seed: int, deck: str, cards: Sequence[T]) -> Iterator[T]:
    """Deal cards without end; the deck is shuffled again each time it runs out."""
    for round_ in count():
        order = [(_derive_number(seed, f"{deck}/{round_}/{index}"), index) for index in range(len(cards))]
        yield from (cards[index] for _, index in sorted(order))


def _derive_number(seed: int, label: str) -> int:
    """Derive a large number that looks random but depends only on seed and label.

    The random module promises the same numbers in every Python version only for part of its functions.
    """
    return int.from_bytes(derive_key(seed, label)[:16])
