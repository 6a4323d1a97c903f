"""Handles a request from its arrival to its encoded response: faults, the operation, the record of requests."""

from __future__ import annotations

import logging
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

import attrs

from .._redaction import INFO, write_log
from . import router
from .faults.base import FaultError
from .faults.queue import ActiveFaults, FaultQueue
from .messages import Delivery, Request, Response, WireResponse, encode_response
from .recorder import RequestRecorder, decode_request, mask_requests
from .state import State

logger: Final = logging.getLogger("gcore_iam.testing")
request_logger: Final = logging.getLogger("gcore_iam.testing.requests")


class RequestHandler:
    """Handles requests, one at a time.

    Args:
        state: The fake's state.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.faults: Final = FaultQueue()
        self.recorder: Final = RequestRecorder()

    def handle(self, request: Request) -> WireResponse:
        """Return the response to a request.

        Raises:
            FaultError: A fault does not fit the response that it meets.
            ContractError: The fake has a mistake: its response contradicts the API's spec.
        """
        state = self.state
        route = router.find_route(state.contract, request)
        operation_id = route.operation.id if route.operation else None
        status = None
        with state.lock:
            try:
                response = self._respond(request, route, self.faults.take(request))
                if response.delivery in (Delivery.COMPLETE, Delivery.TRUNCATED):
                    status = response.status
            finally:
                self.recorder.record(request, operation_id, status)
        if request_logger.isEnabledFor(logging.INFO):
            self._log(request, operation_id, status)
        return _add_headers(response, request, state.clock.now())

    def handle_for_server(self, request: Request, fault_errors: list[FaultError]) -> WireResponse:
        """Return the response to a request, a 500 for an exception inside the fake.

        Args:
            request: The request.
            fault_errors: A list to which the errors of faults that do not fit are added.
        """
        try:
            return self.handle(request)
        except FaultError as error:
            fault_errors.append(error)
            message = str(error)
        except Exception:
            logger.exception("the fake failed to respond to a request")
            message = "The fake has a bug; its log has the traceback."
        response = encode_response(Response(500, {"message": message}))
        return _add_headers(response, request, self.state.clock.now())

    def _respond(self, request: Request, route: router.Route, active: ActiveFaults) -> WireResponse:
        active.change_state(self.state)
        runs = all(fault.runs_operation for fault in active.faults)
        response = active.alter_response(router.build_response(self.state, request, route) if runs else None)
        # Without a response, a fault ends the connection, and nothing of this one is sent.
        return active.alter_wire_response(encode_response(response or Response(503)))

    def _log(self, request: Request, operation_id: str | None, status: int | None) -> None:
        with self.state.lock:
            secrets = set(self.state.secrets)
        (masked,) = mask_requests([decode_request(request, operation_id, status)], secrets)
        query = f"?{urlencode(masked.query, safe='*')}" if masked.query else ""
        outcome = "no response" if status is None else str(status)
        template = "%s %s%s %s %s"
        write_log(request_logger, INFO, template, masked.method, masked.path, query, outcome, operation_id or "-")


def _add_headers(response: WireResponse, request: Request, now: datetime) -> WireResponse:
    identified = response.with_header("X-Request-ID", uuid4().hex).with_header(
        "Date", format_datetime(now, usegmt=True)
    )
    return attrs.evolve(identified, body=b"") if request.method == "HEAD" else identified
