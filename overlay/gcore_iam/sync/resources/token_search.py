# Derived from aio/resources/token_search.py by `make generate`. Do not edit: change that file.

"""Finds the API token that a call with an unknown outcome may have issued."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ... import models
from ...raw_response import get_model
from ..driver import BoundClient

ADVICE = (
    "call reconcile() before you create another one: it looks for a token of this name that you have issued since. The "
    "key of such a token is lost, so delete it"
)


def find_token(client: BoundClient, client_id: int, name: str, start: datetime) -> models.TokenResponse | None:
    """Find a token of the given name that the caller has issued since `start`, by the clock of this machine."""
    from gcore_iam_client.api.account import iam_get_account_details
    from gcore_iam_client.api.api_tokens import iam_get_api_tokens_v2

    response = iam_get_account_details.sync_detailed(client=client)
    since = _convert_to_server_time(start, response.headers.get("date"))
    own = get_model(response).current_user
    tokens = iam_get_api_tokens_v2.sync_detailed(client_id=client_id, issued_by=own, client=client)
    return _find_newest(get_model(tokens), name, since)


def _convert_to_server_time(moment: datetime, date: str | None) -> datetime:
    """Convert a moment from the clock of this machine to the server's, whose `Date` header says what time it is.

    Source: RFC 9110, section 6.6.1.
    """
    from email.utils import parsedate_to_datetime

    try:
        return moment + (parsedate_to_datetime(date or "").astimezone(UTC) - datetime.now(UTC))
    except (ValueError, TypeError, OverflowError):  # the header is missing or malformed
        return moment


def _find_newest(tokens: list[models.TokenResponse], name: str, since: datetime) -> models.TokenResponse | None:
    """Find the newest token of a name. The 5 s allow for a `Date` in whole seconds and for slightly old responses."""
    found: models.TokenResponse | None = None
    for token in tokens:
        is_new = not isinstance(token.created, datetime) or token.created >= since - timedelta(seconds=5)
        if token.name == name and is_new and isinstance(token.id, int) and (found is None or token.id > found.id):
            found = token
    return found
