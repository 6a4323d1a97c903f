"""The fake as its users meet it: arguments, ways in, and the way from a request to its answer."""

from __future__ import annotations

import copy
import hmac
import logging
import re
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs

from .messages import Request, Response, refusal
from .operations import Call, State, routes_at
from .population import Record, invent_account, invent_users

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)


class FakeIAM:
    """A fake of Gcore's IAM API with one account and an invented population.

    It answers in process through `transport()` or over HTTP through `serve()`, from any number of threads.
    The operations it knows are iamGetAccountDetails, iamGetUsers and iamGetUser; a path of any other
    operation gives 404, another method on a path it knows 405. The first user, id 1, is an active
    administrator and the one the API key belongs to. With no users the account still names 1 as the
    current user, as if that user had been removed since.

    Args:
        users: how many users the account has, 0 or more.
        api_key: the only key that is accepted, `Authorization: APIKey <key>`. Visible ASCII characters.
        seed: any integer. The same seed gives the same population on every machine and Python version.
        max_page_size: the largest page of users, 1 or more. A larger `limit` is lowered to it.

    Raises:
        TypeError: an argument is not of the type above.
        ValueError: an argument is outside the range above.

    Source: https://api.gcore.com, the operations of the IAM API named above.
    """

    def __init__(
        self,
        users: int = 25,
        *,
        api_key: str = "1_" + "0123456789abcdef" * 2,
        seed: int = 0,
        max_page_size: int = 1000,
    ) -> None:
        _require_int("users", users, minimum=0)
        _require_int("seed", seed)
        _require_int("max_page_size", max_page_size, minimum=1)
        _require_key(api_key)
        population = invent_users(seed, users)
        self._api_key = api_key
        self._seed = seed
        self._state = State(invent_account(seed), {user["id"]: user for user in population}, max_page_size)
        # Copies: a test that edits what it was given must not edit what the fake answers.
        self._users = tuple(copy.deepcopy(population))

    def __repr__(self) -> str:
        return f"FakeIAM(users={len(self._users)}, seed={self._seed})"

    @property
    def api_key(self) -> str:
        """The key that the fake accepts."""
        return self._api_key

    @property
    def users(self) -> tuple[Record, ...]:
        """The population in the API's form (schema User), ids ascending. Editing it changes no answer."""
        return self._users

    def transport(self) -> httpx.MockTransport:
        """A way in without sockets: `httpx.Client(transport=...)` or `httpx.AsyncClient(transport=...)`.

        An exception inside the fake surfaces in the caller, so that a test shows its traceback.

        Returns:
            A transport, usable by several clients at once. The host of a request's URL does not matter.
        """
        import httpx

        def handle(request: httpx.Request) -> httpx.Response:
            path, _, query = request.url.raw_path.decode("ascii").partition("?")
            response = self._handle(
                Request.from_wire(request.method, path, query, request.headers.raw, request.content)
            )
            return httpx.Response(response.status, headers=response.headers, content=response.body)

        return httpx.MockTransport(handle)

    def serve(self, port: int = 0) -> AbstractContextManager[str]:
        """A way in over HTTP, on 127.0.0.1, for as long as the `with` block lasts.

        The server runs in a thread of its own, keeps connections alive and serves many at once. Leaving the
        block ends it, also when an exception passes through. An exception inside the fake gives 500 and is
        logged under `gcore_iam.testing`.

        Args:
            port: 0 to 65535; 0 picks a free one.

        Returns:
            A context manager that gives the URL, such as `http://127.0.0.1:43127`.

        Raises:
            ImportError: aiohttp is missing, which the extra `gcore-iam[testing]` brings.
            TypeError: the port is not an integer.
            ValueError: the port is outside the range above.
            OSError: on entering the block, if the port cannot be had.
        """
        _require_int("port", port, minimum=0, maximum=65535)
        try:
            from .server import serve
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "aiohttp":
                raise
            raise ImportError('serving needs aiohttp: pip install "gcore-iam[testing]"') from error
        return serve(self._handle_served, port)

    def _handle_served(self, request: Request) -> Response:
        try:
            return self._handle(request)
        except Exception:
            logger.exception("the fake failed to answer %s %s", request.method, request.path)
            return _finish(refusal(500, "The fake has a bug; its log has the traceback."), request)

    def _handle(self, request: Request) -> Response:
        return _finish(self._answer(request), request)

    def _answer(self, request: Request) -> Response:
        matches = routes_at(request.path)
        if not matches:
            return refusal(404, "There is nothing at this path.")
        if request.method not in matches:
            allowed = ", ".join(sorted(matches))
            return refusal(405, f"This path answers only {allowed}.", ("Allow", allowed))
        if not self._is_authenticated(request):
            message = "Credentials are missing or not valid. Send `Authorization: APIKey <key>`."
            return refusal(401, message, ("WWW-Authenticate", "APIKey"))
        route, values = matches[request.method]
        return route.handler(Call(self._state, request, values))

    def _is_authenticated(self, request: Request) -> bool:
        scheme, _, credential = (request.header("Authorization") or "").partition(" ")
        # As bytes, because compare_digest refuses text that is not ASCII.
        given, expected = credential.strip(" ").encode("utf-8", "surrogatepass"), self._api_key.encode()
        return scheme.lower() == "apikey" and hmac.compare_digest(given, expected)


def _finish(response: Response, request: Request) -> Response:
    body = b"" if request.method == "HEAD" else response.body
    return attrs.evolve(response, body=body, headers=(*response.headers, ("X-Request-ID", uuid4().hex)))


def _require_int(name: str, value: Any, *, minimum: int | None = None, maximum: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be {minimum} or more, not {value}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be {maximum} or less, not {value}")


def _require_key(value: Any) -> None:
    # Neither message shows the value: it may be a real key, put here by mistake.
    if not isinstance(value, str):
        raise TypeError(f"api_key must be a string, not {type(value).__name__}")
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError("api_key must be one or more visible ASCII characters, without whitespace")
