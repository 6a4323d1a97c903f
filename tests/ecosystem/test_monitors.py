"""Sentry and Datadog see every request of a default client, under the span of the caller, also in prefetch threads.

Each runs in a process of its own, because it changes httpx for good, with its own defaults. For OpenTelemetry see
`test_opentelemetry.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from gcore_iam.testing import FakeIAM, Status

from tests.ecosystem.support import require

PROGRAM = """
import asyncio, contextlib
from gcore_iam import AsyncIAMClient, IAMClient, RetryPolicy

retries = RetryPolicy(base=0)
with open_span("sync"), IAMClient(retries=retries) as iam:
    iam.users.get(1)
    iam.users.list(page_size=10).collect()

async def main():
    async with AsyncIAMClient(retries=retries) as iam:
        await iam.users.get(1)
        await iam.users.list(page_size=10).collect()

with open_span("async"):
    asyncio.run(main())
"""

SENTRY = f"""
import json, sentry_sdk
from sentry_sdk.integrations.httpx import HttpxIntegration
from sentry_sdk.transport import Transport

transactions = []

class MemoryTransport(Transport):
    def capture_envelope(self, envelope):
        transactions.extend(item.payload.json for item in envelope.items if item.type == "transaction")

sentry_sdk.init(
    "http://key@127.0.0.1:9/1",
    transport=MemoryTransport,
    traces_sample_rate=1.0,
    auto_enabling_integrations=False,  # only because the others load all packages of this environment
    integrations=[HttpxIntegration()],
)

def open_span(name):
    return sentry_sdk.start_transaction(name=name)

{PROGRAM}
print(json.dumps([
    {{
        "name": transaction["transaction"],
        "id": transaction["contexts"]["trace"]["span_id"],
        "spans": [
            [span["span_id"], span["parent_span_id"], span["op"], span["data"]["http.response.status_code"], str(span)]
            for span in transaction["spans"]
        ],
    }}
    for transaction in transactions
]))
"""

DATADOG = f"""
import json
import ddtrace.auto
from ddtrace.trace import TraceFilter, tracer

traces = []

class MemoryFilter(TraceFilter):
    def process_trace(self, trace):
        traces.append(trace)

tracer.configure(trace_processors=[MemoryFilter()])

def open_span(name):
    return tracer.trace(name)

{PROGRAM}
print(json.dumps([
    {{
        "name": root.name,
        "id": f"{{root.span_id:016x}}",
        "spans": [
            [
                f"{{span.span_id:016x}}", f"{{span.parent_id:016x}}", span.name,
                int(span.get_tag("http.status_code")), str(span.get_tags()),
            ]
            for span in spans
        ],
    }}
    for root, *spans in traces
]))
"""


def run(program: str, fake: FakeIAM) -> Any:
    """Run a program against the server; its output is JSON."""
    with fake.serve() as url:
        environment = {
            **os.environ,
            "GCORE_API_KEY": fake.api_key,
            "GCORE_BASE_URL": url,
            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
            "DD_REMOTE_CONFIGURATION_ENABLED": "false",
            "DD_TRACE_STARTUP_LOGS": "false",
        }
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.fake_iam(60)
@pytest.mark.parametrize(
    ("package", "program", "name", "header"),
    [
        ("sentry_sdk", SENTRY, "http.client", "sentry-trace"),
        ("ddtrace", DATADOG, "http.request", "traceparent"),
    ],
)
def test_a_monitor_has_a_span_of_each_request(
    fake: FakeIAM, package: str, program: str, name: str, header: str
) -> None:
    require(package)
    fake.inject(Status(503, retry_after=0))
    traces = run(program, fake)
    assert [trace["name"] for trace in traces] == ["sync", "async"]
    spans = [span for trace in traces for span in trace["spans"]]
    assert len(spans) == len(fake.requests) >= 2 * 7 + 1
    assert {operation for _, _, operation, _, _ in spans} == {name}
    assert sorted(status for _, _, _, status, _ in spans)[-2:] == [200, 503]
    for trace in traces:
        assert {parent for _, parent, _, _, _ in trace["spans"]} == {trace["id"]}
    ids = {span_id for span_id, _, _, _, _ in spans}
    assert {request.headers[header].split("-")[-2] for request in fake.requests} == ids, "each request carries its span"
    assert not [shown for _, _, _, _, shown in spans if fake.api_key in shown]
