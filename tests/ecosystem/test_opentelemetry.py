"""OpenTelemetry: `Instrumentor` of this library, and the instrumentation of httpx, which sees every attempt."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest
from gcore_iam import APIConnectionError, AsyncIAMClient, IAMClient, IAMError, NotFoundError, RetryPolicy, Session
from gcore_iam.testing import FakeIAM, Reset, Status

from tests.ecosystem.support import require
from tests.overlay.conftest import ClientKind, EitherClient

sdk = require("opentelemetry.sdk.trace")
exports = require("opentelemetry.sdk.trace.export")
memory = require("opentelemetry.sdk.trace.export.in_memory_span_exporter")
sdk_metrics = require("opentelemetry.sdk.metrics")
metric_exports = require("opentelemetry.sdk.metrics.export")
httpx_instrumentation = require("opentelemetry.instrumentation.httpx")
otel = require("opentelemetry.trace")
integration = require("gcore_iam.integrations.opentelemetry")

PASSWORD = "correct-horse-battery"
ADVISED_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

pytestmark = pytest.mark.fake_iam(60)


@attrs.frozen
class Telemetry:
    """Providers of spans and metrics that keep them in memory, and an instrumentor that uses them."""

    exporter: Any
    tracer_provider: Any
    reader: Any
    instrumentor: Any

    @property
    def spans(self) -> list[Any]:
        return list(self.exporter.get_finished_spans())

    def find(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]

    def under_span(self, name: str) -> Any:
        """Open a span of the user's program."""
        return self.tracer_provider.get_tracer("program").start_as_current_span(name)

    def read_durations(self) -> list[tuple[dict[str, Any], Any]]:
        """The attributes and the values of the histogram."""
        (resource,) = self.reader.get_metrics_data().resource_metrics
        (metric,) = [metric for scope in resource.scope_metrics for metric in scope.metrics]
        assert (metric.name, metric.unit) == ("http.client.request.duration", "s")
        return [(dict(point.attributes), point) for point in metric.data.data_points]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    exporter = memory.InMemorySpanExporter()
    tracers = sdk.TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(exports.SimpleSpanProcessor(exporter))
    reader = metric_exports.InMemoryMetricReader()
    meters = sdk_metrics.MeterProvider([reader], shutdown_on_exit=False)
    yield Telemetry(exporter, tracers, reader, integration.Instrumentor(tracer_provider=tracers, meter_provider=meters))
    tracers.shutdown()
    meters.shutdown()


@pytest.fixture
def httpx_telemetry(telemetry: Telemetry) -> Iterator[Telemetry]:
    """The same, while the instrumentation of httpx is on."""
    instrumentor = httpx_instrumentation.HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=telemetry.tracer_provider)
    yield telemetry
    instrumentor.uninstrument()


def parent_id(span: Any) -> int | None:
    return None if span.parent is None else int(span.parent.span_id)


# --- one span per call -----------------------------------------------------------------------------------------------


def test_a_call_is_one_span_under_the_callers(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    with telemetry.under_span("program"):
        client_kind.run(lambda iam: iam.users.get(1), fake.api_key, base_url=url, on_event=telemetry.instrumentor)
        assert otel.get_current_span().name == "program"
    span, program = telemetry.spans
    assert span.name == "GET /iam/users/{userId}"
    assert span.kind is otel.SpanKind.CLIENT
    assert span.status.status_code is otel.StatusCode.UNSET
    assert span.instrumentation_scope.name == "gcore_iam"
    assert span.instrumentation_scope.schema_url == "https://opentelemetry.io/schemas/1.37.0"
    assert parent_id(span) == program.context.span_id
    attributes = dict(span.attributes)
    assert len(attributes.pop("http.response.header.x-request-id")) == 1
    assert attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": int(url.rpartition(":")[2]),
        "url.full": f"{url}/iam/users/1",
        "url.template": "/iam/users/{userId}",
        "gcore_iam.operation": "iamGetUser",
        "gcore_iam.attempts": 1,
    }


def test_a_retried_call_is_one_span_with_its_attempts(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    fake.inject(Status(503, retry_after=0))
    fake.inject(Reset())
    client_kind.run(
        lambda iam: iam.users.get(1),
        fake.api_key,
        base_url=url,
        on_event=telemetry.instrumentor,
        retries=RetryPolicy(base=0),
    )
    (span,) = telemetry.spans
    assert span.attributes["http.request.resend_count"] == 2
    assert span.attributes["gcore_iam.attempts"] == 3
    assert span.attributes["http.response.status_code"] == 200
    assert "error.type" not in span.attributes
    assert [
        (event.name, event.attributes["error.type"], event.attributes["gcore_iam.attempt"]) for event in span.events
    ] == [
        ("gcore_iam.retry", "503", 1),
        ("gcore_iam.retry", "APIConnectionError", 2),
    ]


def test_a_call_that_was_sent_twice_counts_one_resend(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM
) -> None:
    fake.inject(Status(503, retry_after=0))
    client_kind.run(
        lambda iam: iam.users.get(1),
        fake.api_key,
        transport=fake.transport(),
        on_event=telemetry.instrumentor,
        retries=RetryPolicy(base=0),
    )
    (span,) = telemetry.spans
    assert span.attributes["http.request.resend_count"] == 1


@pytest.mark.parametrize(("scheme", "port"), [("https", 443), ("http", 80)])
def test_a_url_without_a_port_has_that_of_its_scheme(
    telemetry: Telemetry, fake: FakeIAM, scheme: str, port: int
) -> None:
    with IAMClient(
        fake.api_key,
        base_url=f"{scheme}://localhost",
        transport=fake.transport(),
        on_event=telemetry.instrumentor,
    ) as iam:
        iam.users.get(1)
    (span,) = telemetry.spans
    assert (span.attributes["server.address"], span.attributes["server.port"]) == ("localhost", port)


def test_an_error_response_is_an_error_of_the_span(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    with pytest.raises(NotFoundError):
        client_kind.run(lambda iam: iam.users.get(999), fake.api_key, base_url=url, on_event=telemetry.instrumentor)
    (span,) = telemetry.spans
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (404, "404")
    assert (span.status.status_code, span.status.description) == (otel.StatusCode.ERROR, None)


def test_an_error_without_a_response_is_named_by_its_class(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    fake.inject(Reset(), times=None)
    with pytest.raises(APIConnectionError):
        client_kind.run(
            lambda iam: iam.users.get(1), fake.api_key, base_url=url, on_event=telemetry.instrumentor, retries=0
        )
    (span,) = telemetry.spans
    assert "http.response.status_code" not in span.attributes
    assert span.attributes["error.type"] == "APIConnectionError"
    assert (span.status.status_code, span.status.description) == (otel.StatusCode.ERROR, "APIConnectionError")


def test_a_cancelled_call_ends_its_span(telemetry: Telemetry, fake: FakeIAM, url: str) -> None:
    fake.inject(Status(503, retry_after=60))

    async def main() -> None:
        async with AsyncIAMClient(fake.api_key, base_url=url, on_event=telemetry.instrumentor) as iam:
            with anyio.CancelScope() as scope:

                async def cancel(seconds: float) -> None:
                    scope.cancel()
                    await anyio.lowlevel.checkpoint()

                await iam.with_options(retries=RetryPolicy(sleep=cancel)).users.get(1)
            assert not otel.get_current_span().is_recording()

    anyio.run(main)
    (span,) = telemetry.spans
    assert span.attributes["gcore_iam.attempts"] == 1
    assert span.status.status_code is otel.StatusCode.ERROR


@pytest.mark.parametrize("suppress", ["suppress_instrumentation", "suppress_http_instrumentation"])
def test_a_suppressed_call_is_not_reported(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str, suppress: str
) -> None:
    fake.inject(Status(503, retry_after=0))
    utils = importlib.import_module("opentelemetry.instrumentation.utils")
    policy = RetryPolicy(base=0)
    with telemetry.under_span("program"):
        with getattr(utils, suppress)():
            client_kind.run(
                lambda iam: iam.users.list(page_size=20).collect(),
                fake.api_key,
                base_url=url,
                on_event=telemetry.instrumentor,
                retries=policy,
            )
            assert otel.get_current_span().name == "program"
        client_kind.run(lambda iam: iam.users.get(1), fake.api_key, base_url=url, on_event=telemetry.instrumentor)
    assert [span.name for span in telemetry.spans] == ["GET /iam/users/{userId}", "program"]
    assert [attributes["url.template"] for attributes, _ in telemetry.read_durations()] == ["/iam/users/{userId}"]


def test_a_suppressed_call_leaves_the_context_as_it_was(telemetry: Telemetry, fake: FakeIAM) -> None:
    context = importlib.import_module("opentelemetry.context")
    utils = importlib.import_module("opentelemetry.instrumentation.utils")
    iam = IAMClient(fake.api_key, transport=fake.transport(), on_event=telemetry.instrumentor)
    with iam, utils.suppress_instrumentation():
        before = context.get_current()
        iam.users.get(1)
        assert context.get_current() == before


# --- durations -------------------------------------------------------------------------------------------------------


def test_the_duration_of_calls_is_a_histogram(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    for user_id in (1, 2, 999):
        try:
            client_kind.run(
                lambda iam, user_id=user_id: iam.users.get(user_id),  # type: ignore[misc]
                fake.api_key,
                base_url=url,
                on_event=telemetry.instrumentor,
            )
        except NotFoundError:
            assert user_id == 999
    common = {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": int(url.rpartition(":")[2]),
        "url.template": "/iam/users/{userId}",
    }
    points = telemetry.read_durations()
    assert [(attributes, point.count) for attributes, point in points] == [
        ({**common, "http.response.status_code": 200}, 2),
        ({**common, "http.response.status_code": 404, "error.type": "404"}, 1),
    ]
    for _, point in points:
        assert point.explicit_bounds == ADVISED_BUCKETS
        assert 0 < point.sum < 60


# --- nesting ---------------------------------------------------------------------------------------------------------


def test_the_login_of_a_session_is_under_its_call(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    session = Session(fake.users[0]["email"], PASSWORD)
    client_kind.run(lambda iam: iam.users.get(1), session, base_url=url, on_event=telemetry.instrumentor)
    login, call = telemetry.spans
    assert (login.name, call.name) == ("POST /iam/auth/jwt/login", "GET /iam/users/{userId}")
    assert parent_id(login) == call.context.span_id
    assert parent_id(call) is None


def test_concurrent_calls_have_spans_of_their_own(telemetry: Telemetry, fake: FakeIAM, url: str) -> None:
    def work(number: int, iam: IAMClient) -> None:
        with telemetry.under_span(f"program {number}"):
            iam.users.get(number)

    with IAMClient(fake.api_key, base_url=url, on_event=telemetry.instrumentor) as iam:
        threads = [threading.Thread(target=work, args=(number, iam)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    async def work_async(number: int, iam: AsyncIAMClient) -> None:
        with telemetry.under_span(f"program {number}"):
            await iam.users.get(number)

    async def main() -> None:
        async with (
            AsyncIAMClient(fake.api_key, base_url=url, on_event=telemetry.instrumentor) as iam,
            anyio.create_task_group() as tasks,
        ):
            for number in range(11, 19):
                tasks.start_soon(work_async, number, iam)

    anyio.run(main)
    programs = {span.context.span_id: span.name for span in telemetry.spans if span.name.startswith("program")}
    calls = telemetry.find("GET /iam/users/{userId}")
    assert len(calls) == len(programs) == 16
    for span in calls:
        assert programs.pop(parent_id(span) or 0) == f"program {span.attributes['url.full'].rpartition('/')[2]}"


def test_httpx_instrumentation_has_a_span_per_attempt(
    httpx_telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    fake.inject(Status(503, retry_after=0), times=2)
    client_kind.run(
        lambda iam: iam.users.get(1),
        fake.api_key,
        base_url=url,
        on_event=httpx_telemetry.instrumentor,
        retries=RetryPolicy(base=0),
    )
    *attempts, call = httpx_telemetry.spans
    assert [span.instrumentation_scope.name for span in attempts] == ["opentelemetry.instrumentation.httpx"] * 3
    assert {parent_id(span) for span in attempts} == {call.context.span_id}
    traced = {seen.headers["traceparent"].split("-")[2] for seen in fake.requests}
    assert traced == {f"{span.context.span_id:016x}" for span in attempts}


def test_httpx_instrumentation_sees_pages_in_the_callers_span(
    httpx_telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    """Without our own spans, too; pages that are requested ahead are sent from other threads and tasks."""
    with httpx_telemetry.under_span("program"):
        users = client_kind.run(lambda iam: iam.users.list(page_size=10).collect(), fake.api_key, base_url=url)
    assert len(users) == 60
    *attempts, program = httpx_telemetry.spans
    assert len(attempts) == len(fake.requests) >= 6
    assert {parent_id(span) for span in attempts} == {program.context.span_id}


def test_pages_are_calls_under_the_callers_span(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    with telemetry.under_span("program"):
        client_kind.run(
            lambda iam: iam.users.list(page_size=10).collect(),
            fake.api_key,
            base_url=url,
            on_event=telemetry.instrumentor,
        )
    *calls, program = telemetry.spans
    assert {span.name for span in calls} == {"GET /iam/users"}
    assert len(calls) == len(fake.requests) >= 6
    assert {parent_id(span) for span in calls} == {program.context.span_id}


# --- secrets and set-up ----------------------------------------------------------------------------------------------


def test_no_span_or_metric_holds_a_secret(
    telemetry: Telemetry, client_kind: ClientKind, fake: FakeIAM, url: str
) -> None:
    session = Session(fake.users[0]["email"], PASSWORD)
    calls: list[Callable[[EitherClient], object]] = [
        lambda iam: iam.auth.login(fake.users[0]["email"], f"{PASSWORD}-wrong"),
        lambda iam: iam.users.change_password(1, PASSWORD, f"new {PASSWORD}"),
        lambda iam: iam.auth.refresh(f"refresh {PASSWORD}"),
    ]
    for call in calls:
        with contextlib.suppress(IAMError):
            client_kind.run(call, session, base_url=url, on_event=telemetry.instrumentor)
    shown = "".join(span.to_json() for span in telemetry.spans) + str(telemetry.reader.get_metrics_data())
    assert "iamChangePassword" in shown
    assert PASSWORD not in shown
    for request in fake.requests:
        authorization = request.revealed().headers.get("authorization", "none").rpartition(" ")[2]
        assert authorization not in shown or authorization == "none"


def test_without_opentelemetry_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "gcore_iam.integrations.opentelemetry")
    with pytest.raises(ImportError, match=r'pip install "gcore-iam\[otel\]"'):
        importlib.import_module("gcore_iam.integrations.opentelemetry")
