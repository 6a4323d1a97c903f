# Derived from aio/resources/token_search.py by `make generate`. Do not edit: change that file.

"""Finds the API token that a call may have issued."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ...raw_response import get_model

if TYPE_CHECKING:
    from gcore_iam_client.models import TokenResponse

    from ..driver import BoundClient

ADVICE = (
    "do not create another one before you have looked: reconcile() looks for a token of this name that you have issued "
    "meanwhile. Its key is lost, so delete it then"
)


def find_token(client: BoundClient, client_id: int, name: str, began: datetime) -> TokenResponse | None:
    """Find the token of a name that the caller has issued since a moment of this machine's clock."""
    from gcore_iam_client.api.account import iam_get_account_details
    from gcore_iam_client.api.api_tokens import iam_get_api_tokens_v2

    response = iam_get_account_details.sync_detailed(client=client)
    since = _convert_to_server_time(began, response.headers.get("date"))
    own = get_model(response).current_user
    tokens = iam_get_api_tokens_v2.sync_detailed(client_id=client_id, issued_by=own, client=client)
    return _find_newest(get_model(tokens), name, since)


def _convert_to_server_time(moment: datetime, date: str | None) -> datetime:
    """Convert a moment of this machine's clock to the server's, which is at `date` now (RFC 9110, section 6.6.1)."""
    from email.utils import parsedate_to_datetime

    try:
        shown = parsedate_to_datetime(date) if date is not None else None
    except (ValueError, TypeError, OverflowError):
        shown = None
    try:
        return moment if shown is None else moment + (shown.astimezone(UTC) - datetime.now(UTC))
    except OverflowError:
        return moment


def _find_newest(tokens: list[TokenResponse], name: str, since: datetime) -> TokenResponse | None:
    """Find the newest token of a name; 5 s are for a `Date` in whole seconds and for slightly old responses."""
    found: TokenResponse | None = None
    for token in tokens:
        is_new = not isinstance(token.created, datetime) or token.created >= since - timedelta(seconds=5)
        if token.name == name and is_new and isinstance(token.id, int) and (found is None or token.id > found.id):
            found = token
    return found
