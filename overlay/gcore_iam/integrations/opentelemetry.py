"""OpenTelemetry: a span and a duration for each call. Needs the extra `gcore-iam[otel]`."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from urllib.parse import urlsplit

import attrs

try:
    from opentelemetry import context, metrics, trace
except ModuleNotFoundError as _error:  # private: a public name of this module would need a type
    raise ImportError(f'{__name__} needs OpenTelemetry: pip install "gcore-iam[otel]"') from _error

from .._version import __version__
from ..events import AttemptStarted, CallFinished, CallStarted, Event, RetryScheduled

_SCOPE = ("gcore_iam", __version__)
_SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"
_DEFAULT_PORTS = {"http": 80, "https": 443}

_SUPPRESSING_KEYS = ("_SUPPRESS_INSTRUMENTATION_KEY", "_SUPPRESS_HTTP_INSTRUMENTATION_KEY")
"""Names of the keys that `suppress_instrumentation` of opentelemetry-instrumentation sets in the context."""

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds, as the conventions advise for `http.client.request.duration`."""


class Instrumentor:
    """Reports calls to OpenTelemetry. Give it to a client as `on_event`.

    Spans and metrics follow the semantic conventions for HTTP clients. A call is one span of the kind CLIENT, such as
    `GET /iam/users/{userId}`, which covers its retries and the waits between them. It is the current span during the
    call: with opentelemetry-instrumentation-httpx, each attempt is a child of it. A page that is requested ahead is a
    child of the span that was current when the iteration requested it.

    | attribute of the span | value |
    |---|---|
    | `http.request.method`, `server.address`, `server.port`, `url.template` | of the operation |
    | `url.full` | without query and credentials |
    | `http.response.status_code`, `http.response.header.x-request-id` | of the last response, if there was one |
    | `error.type` | the status of the last response if it is 400 or above, else the class of the error |
    | `http.request.resend_count` | how often the request was sent again, if it was |
    | `gcore_iam.operation`, `gcore_iam.attempts` | the `operationId`, and how many attempts the call made |

    Each wait before a retry is an event of the span, `gcore_iam.retry`. The histogram `http.client.request.duration`
    has the seconds of each call with its method, server, URL template, status and `error.type`. Nothing holds a secret.

    Calls within `suppress_instrumentation()` or `suppress_http_instrumentation()` are not reported.

    One instrumentor may serve any number of clients; a client takes one.

    Args:
        tracer_provider: What makes spans; None for the global provider.
        meter_provider: What makes the histogram; None for the global provider. Give a `NoOpMeterProvider` if another
            instrumentation reports the duration already.

    Example:
        iam = IAMClient(on_event=Instrumentor())
        iam = iam.with_options(on_event=Instrumentor())  # a client that exists
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(*_SCOPE, tracer_provider, _SCHEMA_URL)
        self._duration = metrics.get_meter(*_SCOPE, meter_provider, _SCHEMA_URL).create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._key = context.create_key("gcore-iam-call")

    def __call__(self, event: Event) -> None:
        """Report an event; called by the client, in the context of the call."""
        if isinstance(event, CallStarted):
            self._start_span(event)
            return
        call = context.get_value(self._key)
        if not isinstance(call, _Call):  # a page is read outside of calls
            return
        if isinstance(event, AttemptStarted):
            call.requests += 1
        elif isinstance(event, RetryScheduled):
            outcome = _describe_outcome(event.status, event.error)
            retry = {**outcome, "gcore_iam.attempt": event.attempt, "gcore_iam.delay": event.delay}
            call.span.add_event("gcore_iam.retry", retry)
        elif isinstance(event, CallFinished):
            self._finish_span(call, event)

    def _start_span(self, event: CallStarted) -> None:
        if _is_suppressed():
            call = _Call(trace.INVALID_SPAN, {})
            call.token = context.attach(context.set_value(self._key, call))
            return
        url = urlsplit(event.url)
        common: dict[str, str | int] = {
            "http.request.method": event.method,
            "server.address": url.hostname or "",
            "server.port": url.port or _DEFAULT_PORTS.get(url.scheme, 0),
            "url.template": event.url_template,
        }
        span = self._tracer.start_span(
            f"{event.method} {event.url_template}",
            kind=trace.SpanKind.CLIENT,
            attributes={**common, "url.full": event.url, "gcore_iam.operation": event.operation},
        )
        call = _Call(span, common)
        call.token = context.attach(context.set_value(self._key, call, trace.set_span_in_context(span)))

    def _finish_span(self, call: _Call, event: CallFinished) -> None:
        span = call.span
        if span is trace.INVALID_SPAN:
            context.detach(call.token)
            return
        outcome = _describe_outcome(event.status, event.error)
        span.set_attributes({**outcome, "gcore_iam.attempts": event.attempts})
        if call.requests > 1:
            span.set_attribute("http.request.resend_count", call.requests - 1)
        if event.request_id is not None:
            span.set_attribute("http.response.header.x-request-id", [event.request_id])
        if event.error is not None:
            is_response = event.status is not None and event.status >= 400
            span.set_status(trace.StatusCode.ERROR, None if is_response else event.error)
        self._duration.record(event.duration, {**call.common, **outcome})
        span.end()
        context.detach(call.token)


@attrs.define(eq=False, repr=False)
class _Call:
    """A call that is under way.

    Attributes:
        span: Its span; the invalid one if the call is not reported.
        common: Attributes of its span and of its duration.
        requests: How often its request was sent.
        token: What ends the span's time as the current one.
    """

    span: trace.Span
    common: Mapping[str, str | int]
    requests: int = 0
    token: Token[context.Context] = attrs.field(init=False)


def _is_suppressed() -> bool:
    keys = (getattr(context, name, None) for name in _SUPPRESSING_KEYS)
    return any(key is not None and context.get_value(key) for key in keys)


def _describe_outcome(status: int | None, error: str | None) -> dict[str, str | int]:
    """Return the attributes for the outcome of a call or an attempt."""
    outcome: dict[str, str | int] = {}
    if status is not None:
        outcome["http.response.status_code"] = status
    if error is not None:
        outcome["error.type"] = str(status) if status is not None and status >= 400 else error
    return outcome
