# Derived from aio/resources/rotation.py by `make generate`. Do not edit: change that file.

"""Replaces an API token in four stages. If a stage fails, at least one token still works."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from gcore_iam_client.types import UNSET, Unset

from ... import models
from ..._concurrency.callbacks import invoke_callback
from ..._request_values import build_token
from ..._validation import check_id
from ...auth.api_key import APIKey
from ...errors import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    TokenRotationError,
)
from .. import resources
from ..driver import BoundClient


class TokenRotation:
    """The rotation of one API token: create, verify, hand over, delete.

    Args:
        client: Sends the requests.
        tokens: `iam.tokens` of that client.
        client_id: The account's id.
        old: The token to replace.
        name: The new token's name; UNSET or None for the name of the old one.
        role: The new token's role; UNSET or None for the role of the old one.
        exp_date: When the new token expires; None for never; UNSET for the lifetime of the old one.
        description: Free text about the new token; UNSET or None for the text of the old one.

    Raises:
        ConfigurationError: An argument is not valid.
        DecodeError: The old token has no role.
    """

    def __init__(
        self,
        client: BoundClient,
        tokens: resources.Tokens,
        client_id: int,
        old: models.TokenResponse,
        name: str | Unset | None,
        role: models.Group | int | str | Unset | None,
        exp_date: datetime | Unset | None,
        description: str | Unset | None,
    ) -> None:
        from gcore_iam_client.models import ClientUser

        if not isinstance(old.client_user, ClientUser):
            problem = "the response does not say which role the token has"
            raise DecodeError(problem, operation="iamGetApiTokenV2", model="TokenResponse", key="client_user")
        self._client = client
        self._tokens = tokens
        self._client_id = client_id
        self._old_id = check_id("the old token's id", old.id)
        self._name = old.name if name is None or isinstance(name, Unset) else name
        self._role = old.client_user.role if role is None or isinstance(role, Unset) else role
        self._exp_date = _extend_exp_date(old) if isinstance(exp_date, Unset) else exp_date
        is_same = description is None or isinstance(description, Unset)
        self._description = (old.description or UNSET) if is_same else description
        build_token(self._name, self._role, self._exp_date, self._description)  # raises if an argument is invalid

    def run(self, hand_over: Callable[[models.CreateTokenResponseV2], object]) -> models.CreateTokenResponseV2:
        """Rotate the token.

        Args:
            hand_over: Stores the key of the new token where it is needed, before it returns.

        Returns:
            The new token.

        Raises:
            TokenRotationError: A stage failed; the error says which one, and which tokens exist.
        """
        new = self._create()
        both = f"tokens {self._old_id} and {new.id} exist"
        with _note_interruption(f"{both}; delete the new one, which was not handed over"):
            self._verify(new)
        # The function may have stored the key before it failed, so no token is deleted.
        state = f"{both} and work: delete {new.id} unless its key was stored somewhere"
        with _note_interruption(state):
            try:
                invoke_callback(hand_over, new)
            except Exception as error:
                problem = f"handing the new token over failed ({type(error).__name__}); {state}"
                raise self._build_error("hand over", problem, new.id, self._old_id, new.id) from error
        state = f"token {new.id} has taken over, but token {self._old_id} may still exist"
        with _note_interruption(state), contextlib.suppress(NotFoundError):  # another client has deleted it
            try:
                self._delete_old(new)
            except NotFoundError:
                raise
            except Exception as error:
                problem = f"{state} ({error}): delete it"
                raise self._build_error("delete", problem, new.id, self._old_id, new.id) from error
        return new

    def _create(self) -> models.CreateTokenResponseV2:
        state = f"token {self._old_id} still works; whether there is a new one called {self._name!r} is not known"
        with _note_interruption(state):
            try:
                new = self._tokens.create(
                    self._client_id, self._name, self._role, exp_date=self._exp_date, description=self._description
                )
                check_id("the new token's id", new.id)
            except (APIConnectionError, APIStatusError) as error:  # the outcome is known
                problem = f"no new token was created ({error}); token {self._old_id} still works"
                raise self._build_error("create", problem, None, self._old_id) from error
            except Exception as error:
                more = ": call reconcile() of this error's cause" if isinstance(error, AmbiguousOutcomeError) else ""
                raise self._build_error("create", f"{error}; {state}{more}", None, self._old_id) from error
        return new

    def _verify(self, new: models.CreateTokenResponseV2) -> None:
        """Send a request with the new token; delete the token if that fails."""
        try:
            found = self._view_as(new).get(self._client_id, new.id)
            if found.id != new.id:
                problem = "the response is about another token"
                raise DecodeError(problem, operation="iamGetApiTokenV2", model="TokenResponse", key="id")
        except Exception as error:
            existing, result = self._delete_new(new.id)
            problem = f"the new token {new.id} did not work ({error}) and {result}; token {self._old_id} still works"
            raise self._build_error("verify", problem, new.id, *existing) from error

    def _delete_new(self, new_id: int) -> tuple[tuple[int, ...], str]:
        """Delete a new token that does not work; return the tokens that still exist, and a text for the error."""
        try:
            self._tokens.delete(self._client_id, new_id)
        except NotFoundError:
            return (self._old_id,), "does not exist"
        except Exception as error:  # noqa: BLE001 - reported; the failure before it is what matters
            return (self._old_id, new_id), f"could not be deleted ({type(error).__name__}): delete it"
        return (self._old_id,), "was deleted"

    def _delete_old(self, new: models.CreateTokenResponseV2) -> None:
        try:
            self._tokens.delete(self._client_id, self._old_id)
        except AuthenticationError:
            # The client may have used the old token, or have got the new one too late.
            self._view_as(new).delete(self._client_id, self._old_id)

    def _view_as(self, new: models.CreateTokenResponseV2) -> resources.Tokens:
        return type(self._tokens)(self._client.view(self._client.config, APIKey(new.token)))

    def _build_error(self, stage: str, problem: str, new_id: int | None, *existing: int) -> TokenRotationError:
        return TokenRotationError(problem, stage=stage, old_id=self._old_id, new_id=new_id, existing=existing)


@contextmanager
def _note_interruption(state: str) -> Iterator[None]:
    """Add a note with the state of the rotation to an exception that interrupts it: Ctrl-C, a cancelled task."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        error.add_note(f"A rotation of API tokens was interrupted: {state}.")
        raise


def _extend_exp_date(old: models.TokenResponse) -> datetime | None:
    """Compute the expiry of a new token: after the lifetime of the old one, but at least a day; None for never."""
    if old.exp_date is None:
        return None
    if not isinstance(old.exp_date, datetime) or not isinstance(old.created, datetime):
        raise ConfigurationError("the old token's dates cannot be read; give exp_date= for the new one")
    try:
        return datetime.now(UTC) + max(old.exp_date - old.created, timedelta(days=1))
    except OverflowError:
        return old.exp_date
