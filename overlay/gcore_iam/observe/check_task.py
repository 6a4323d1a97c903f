"""What the thread of an observer does: it checks responses and reports new observations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from .._redaction import ERROR, WARNING, logger, write_log
from .checker import Checker, ObservedResponse
from .facts import Fact
from .observation import Observation
from .recorder import Recorder
from .statuses import StatusCount, StatusCounter


class CheckTask:
    """Checks responses and records what it finds. It logs what fails, without the exception: it could show a body.

    Args:
        recorder: Keeps the observations.
        statuses: The statuses of all responses.
        on_finding: The user's function for new observations; None for none.
    """

    def __init__(
        self, recorder: Recorder, statuses: StatusCounter, on_finding: Callable[[Observation], object] | None
    ) -> None:
        from gcore_iam_client.description import DESCRIPTION  # here, so that a report loads no spec

        self._recorder = recorder
        self._statuses = statuses
        self._on_finding = on_finding
        self._checker = Checker(DESCRIPTION)
        self.checked: int = 0

    def check(self, response: ObservedResponse) -> None:
        """Record the facts that a response shows."""
        try:
            facts = self._checker.find_response_facts(response)
        except Exception as error:  # noqa: BLE001 - the next response may be fine
            log_failure("%s: a response could not be checked: %s", response.operation, error)
            return
        self.checked += 1
        self._record(StatusCount(response.operation, response.status, 1, response.time, response.time), facts)

    def record_statuses(self) -> None:
        """Record the facts that the statuses of responses show."""
        for seen in self._statuses.take():
            try:
                facts = self._checker.find_status_facts(seen.operation, seen.status)
            except Exception as error:  # noqa: BLE001 - the thread must go on
                log_failure("%s: a status could not be checked: %s", seen.operation, error)
            else:
                self._record(seen, facts)

    def save(self) -> None:
        """Write the file, if there is one."""
        try:
            self._recorder.save()
        except Exception as error:  # noqa: BLE001 - the next write may work
            log_failure("%s: the observations could not be saved: %s", "observer", error)

    def save_at_exit(self, timeout: float) -> None:
        """Record the statuses, and write the file; say nothing if that fails, because the program ends."""
        self._on_finding = None  # the user's function could take long, and runs in the thread of the observer alone
        self.record_statuses()
        with suppress(Exception):
            self._recorder.save(timeout)

    def _record(self, seen: StatusCount, facts: Iterable[Fact]) -> None:
        on_finding = self._on_finding
        for observation in self._recorder.record(seen, facts):
            if on_finding is not None:
                call_listener(on_finding, observation)


def call_listener(on_finding: Callable[[Observation], object], observation: Observation) -> None:
    """Call the user's function; log what it raises."""
    try:
        on_finding(observation)
    except BaseException as error:  # noqa: BLE001 - whatever the user's code raises, SystemExit too, the thread goes on
        template = "%s: on_finding raised for %s; the observer goes on"
        write_log(logger, ERROR, template, observation.operation, observation.kind, error=error)


def log_failure(template: str, subject: str, error: Exception) -> None:
    """Log a failure of the observer by the class of its exception, which itself could show a body."""
    write_log(logger, WARNING, template, subject, type(error).__name__)
