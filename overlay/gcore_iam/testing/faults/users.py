"""Faults that change the list of users just before a request."""

from __future__ import annotations

import attrs

from ..roles import USERS
from ..seed import ACCOUNT_ID, User
from ..state import State
from .base import Fault, FaultError, at_least


@attrs.frozen
class DeleteUser(Fault):
    """Another client deletes a user just before the request.

    Args:
        position: Position in the list of users, from 0.
    """

    position: int = attrs.field(validator=at_least(0))

    def change_state(self, state: State) -> None:
        members = state.list_members(ACCOUNT_ID)
        if self.position >= len(members):
            raise FaultError(f"DeleteUser finds no user at position {self.position} of {len(members)}")
        state.remove_user(members[self.position], ACCOUNT_ID)


@attrs.frozen
class InsertUser(Fault):
    """Another client adds a user just before the request.

    Args:
        position: Position in the list of users, from 0; the number of users for its end.
    """

    position: int = attrs.field(validator=at_least(0))

    def change_state(self, state: State) -> None:
        size = len(state.list_members(ACCOUNT_ID))
        if self.position > size:
            raise FaultError(f"InsertUser finds no position {self.position} among {size} users")
        user_id = state.allocate_user_id()
        user = User(user_id, f"newcomer.{user_id}@newcomers.example.com", {ACCOUNT_ID: USERS})
        state.insert_user(user, self.position, ACCOUNT_ID)
