"""Finds the secrets of requests, responses and proxy settings."""

from __future__ import annotations

import base64
import json
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    import httpx

SECRET_KEYS = frozenset({"password", "old", "new", "double", "one_time_password", "refresh", "access", "token"})
"""Keys of bodies whose values are secrets, as the spec names them."""

SECRET_KEY_ALIASES = frozenset({"access_token", "api_key", "apikey", "authorization", "refresh_token", "secret"})
"""Keys, in lower case, that other servers use for secrets."""

_MAX_TOKEN_BODY = 2**16
"""Bytes. No response with new tokens is larger."""

_SECRET_HEADER_WORDS = ("auth", "credential", "key", "pass", "secret", "session", "token")
"""Words in the names of request headers whose values are secrets."""


def find_secrets(request: httpx.Request) -> set[str]:
    """Find the secrets of a request: credentials in its headers and URL, and values of secret keys in its JSON body."""
    secrets: set[str] = set()
    for name, value in request.headers.multi_items():
        if name == "cookie":
            secrets |= {part.partition("=")[2].strip() for part in value.split(";")}
        elif any(word in name for word in _SECRET_HEADER_WORDS):
            secrets |= _split_credentials(value)
    secrets |= _split_userinfo(request.url.userinfo.decode("ascii", "replace"))
    try:
        body = json.loads(request.content or b"null")
    except (ValueError, RuntimeError):  # not JSON, nested too deep, or a stream that has not been read
        return secrets
    return secrets.union(find_body_secrets(body))


def find_body_secrets(body: Any, *, skipped_keys: Container[str] = ()) -> Iterator[str]:
    """Find the values of secret keys in a decoded JSON body.

    Args:
        body: The body.
        skipped_keys: Keys whose values are skipped.
    """
    pending: list[Any] = [body]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in skipped_keys:
                    continue
                if is_secret_key(key) and isinstance(value, str | int) and not isinstance(value, bool):
                    yield str(value)
                else:
                    pending.append(value)


def find_proxy_secrets(proxies: Mapping[str, str]) -> set[str]:
    """Find the credentials in the URLs of proxies that `urllib.request.getproxies` returns."""
    secrets: set[str] = set()
    for name, url in proxies.items():
        if name != "no":
            secrets |= _split_userinfo(url.rpartition("://")[2].rpartition("@")[0])
    return secrets


def find_issued_secrets(response: httpx.Response) -> Iterator[str]:
    """Find the tokens in the body of a response, which its headers may repeat."""
    try:
        body = response.json() if len(response.content) <= _MAX_TOKEN_BODY else None
    except (ValueError, RuntimeError):  # not JSON, nested too deep, or not read yet
        body = None
    return find_body_secrets(body)


def is_secret_key(key: str) -> bool:
    """Return whether the value of a body's key is a secret."""
    return key in SECRET_KEYS or key.lower() in SECRET_KEY_ALIASES


def _split_credentials(value: str) -> set[str]:
    """Find the secret parts of a header value, with any authentication scheme."""
    scheme, _, rest = value.strip().partition(" ")
    secrets = {value.strip(), rest.strip() or scheme, value.rpartition(" ")[2]}
    if scheme.lower() == "basic":
        with suppress(ValueError):  # it is not base64
            secrets |= _split_userinfo(base64.b64decode(rest, validate=True).decode("utf-8", "replace"))
    return secrets


def _split_userinfo(userinfo: str) -> set[str]:
    """Find the secret parts of `user:password`: the password, the whole text, and its form in `Basic` credentials."""
    if not userinfo:
        return set()
    secrets = set()
    for text in (userinfo, unquote(userinfo)):
        user, _, password = text.partition(":")
        basic = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
        secrets |= {text, password or user, basic}
    return secrets
