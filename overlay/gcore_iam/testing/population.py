"""Invents the account and its users: the same ones for the same seed, on every machine and Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count, islice
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Record: TypeAlias = dict[str, Any]
"""A JSON object in the form the API sends."""

ACCOUNT_ID = 1001
COMPANY = "Example Widgets Ltd"
OTHER_ACCOUNT_ID = 2002
OTHER_COMPANY = "Example Gadgets GmbH"
RESELLER_ID = 1
OWNER_ID = 1
"""Id of the first user: an administrator in good standing, to whom the API key belongs."""

ROLES = {
    1: "Administrators",
    2: "Users",
    5: "Engineers",
    3009: "Purge and Prefetch only (API+Web)",
    3022: "Purge and Prefetch only (API)",
}
SERVICES = ("CDN", "STORAGE", "STREAMING", "DNS", "DDOS", "CLOUD")

# A deck holds every value at least once, in about the proportion of a real account. Cards are dealt until
# the deck is empty, so a population larger than the largest deck has every value, whatever the seed.
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

_BASE_USER = (
    "id", "email", "name", "lang", "phone", "company", "reseller", "client", "deleted", "groups", "activated",
    "sso_auth", "two_fa", "auth_types",
)  # fmt: skip
_USER_PUBLIC = (*_BASE_USER, "user_type", "is_active")

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
_FEATURES_SINCE = datetime(2023, 1, 1, tzinfo=UTC)
_FEATURES_PERIOD = int(timedelta(days=900).total_seconds())


def invent_users(seed: int, number: int) -> list[Record]:
    """Users in the API's form (schema User), ids from 1 up.

    A smaller population is the beginning of a larger one with the same seed.
    """
    return list(islice(_users(seed), number))


def invent_account(seed: int) -> Record:
    """The account in the API's form (schema ClientBase), without what depends on its users."""

    def one_of(deck: str, cards: Sequence[T]) -> T:
        return next(_deal(seed, f"account {deck}", cards))

    states = dict(zip(SERVICES, _deal(seed, "account services", _SERVICE_STATES), strict=False))
    return {
        "id": ACCOUNT_ID,
        "email": "billing@example.com",
        "phone": one_of("phone", ("+12025550100", "+13035550101", None)),
        "name": one_of("name", ("Orsolya", "Fenwick", None)),
        "status": one_of("status", ("active", "trial", "integration", "ready")),
        "companyName": COMPANY,
        "website": "https://www.example.com",
        "capabilities": [service for service, (_, enabled) in states.items() if enabled],
        "serviceStatuses": {
            service: {"status": status, "enabled": enabled} for service, (status, enabled) in states.items()
        },
        "paidFeatures": _features(seed, "paid_feature_id", _PAID_FEATURES),
        "freeFeatures": _features(seed, "free_feature_id", _FREE_FEATURES),
        "entryBaseDomain": one_of("domain", ("portal.example.com", None)),
        "signup_process": one_of("signup", ("sign_up_full", "sign_up_simple", None)),
        "deleted": False,
        "bill_type": one_of("bill", ("month", "prepay")),
        "custom_id": one_of("custom id", ("widgets-7f3", None)),
        "country_code": one_of("country", ("LU", "DE", "AZ", "US")),
        "is_test": one_of("test", (False, True)),
    }


def base_user(user: Record) -> Record:
    """The part of a user that an account's details show (schema BaseUser)."""
    return {key: user[key] for key in _BASE_USER}


def user_public(user: Record) -> Record:
    """The part of a user that the user's own page shows (schema UserPublic)."""
    return {key: user[key] for key in _USER_PUBLIC}


def _users(seed: int) -> Iterator[Record]:
    roles = _deal(seed, "role", _ROLE_IDS)
    languages = _deal(seed, "language", _LANGUAGES)
    ways_in = _deal(seed, "auth types", _AUTH_TYPES)
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
        role = 1 if owner else next(roles)
        activated, two_fa, is_active = (True, False, True) if owner else next(standings)
        user_type = "common" if owner else next(user_types)
        auth_types = list(next(ways_in))
        name, mailbox = next(names)
        accounts = [(ACCOUNT_ID, COMPANY, role)]
        if next(has_other_account):
            accounts.append((OTHER_ACCOUNT_ID, OTHER_COMPANY, 2))
        yield {
            "id": user_id,
            "email": f"{mailbox}.{user_id}@{next(domains)}",
            "name": name if next(has_name) else None,
            "lang": next(languages),
            "phone": f"+1{next(area_codes)}55501{user_id % 100:02}" if next(has_phone) else None,
            "company": COMPANY,
            "reseller": RESELLER_ID,
            "client": ACCOUNT_ID,
            "deleted": False,
            "groups": [{"id": role, "name": ROLES[role]}],
            "activated": activated,
            "sso_auth": "sso" in auth_types,
            "two_fa": two_fa,
            "auth_types": auth_types,
            "user_type": user_type,
            "is_active": is_active,
            "client_and_roles": [
                {
                    "client_id": client_id,
                    "client_company_name": company,
                    "user_id": user_id,
                    "user_roles": [str(role_id)],
                }
                for client_id, company, role_id in accounts
            ],
        }


def _features(seed: int, id_key: str, features: Sequence[tuple[int, str, str]]) -> Record:
    grouped: dict[str, list[Record]] = {service: [] for service in SERVICES}
    for feature_id, service, name in features:
        number = _number(seed, f"{id_key} {feature_id}")
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
    """Cards without end; the deck is shuffled anew each time it runs out."""
    for round_ in count():
        order = [(_number(seed, f"{deck}/{round_}/{index}"), index) for index in range(len(cards))]
        yield from (cards[index] for _, index in sorted(order))


def _number(seed: int, label: str) -> int:
    """A large number that looks random but depends on nothing except seed and label.

    The random module is not used, since only part of it promises the same numbers in every Python version.
    """
    # Hexadecimal, because Python refuses to write very large integers in decimal.
    return int.from_bytes(sha256(f"{seed:x}/{label}".encode()).digest()[:16])
