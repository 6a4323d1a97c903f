"""Compares code generation and the drift review with their unavoidable parts: the generator, a type checker."""

from __future__ import annotations

import copy
import datetime
import gc
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from codegen import corrections, generate
from codegen.drift import wire
from codegen.drift.load import Input, parse_input
from codegen.drift.review import Project, review

from .measure import OURS, Comparison, Sample, sample_in_process
from .peers import generate_untouched

ROOT = Path(__file__).parents[1]
TODAY = datetime.date(2026, 6, 1)
OPERATIONS = 500
MODELS = 970

Work = Callable[[], object]


def build_comparisons() -> list[Comparison]:
    """The layers one after the other, on the vendored spec and a changed one; then a large spec."""
    data = (ROOT / "spec" / "iam_api.yaml").read_bytes()
    changed = data.replace(b"one_time_password", b"second_factor").replace(b"- zh\n", b"- zh\n        - fr\n")
    large = yaml.dump(
        _build_large_spec(), Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False
    ).encode()
    larger = large.replace(b"field_3:", b"field_three:")
    old, new = _read(data), _read(changed)
    project = Project(
        corrections.load(ROOT / "spec" / "corrections.yaml"),
        ROOT / "generator-config.yml",
        ROOT / "overlay" / "gcore_iam",
    )

    def build_read(*both: bytes) -> Work:
        return lambda: [_read(one) for one in both]

    def build_review(*layers: Any) -> Work:
        return lambda: review(old, new, project, layers=layers, today=TODAY)

    def run_make_drift() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "new.yaml"
            path.write_bytes(changed)
            words = ["-m", "codegen", "drift", "spec/iam_api.yaml", str(path)]
            subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, check=True)  # noqa: S603

    def generate_both() -> None:
        for side in (old, new):
            with generate.generate_package(side.spec, project.corrections, project.config, lenient=True):
                pass

    def check_types() -> None:
        with tempfile.TemporaryDirectory() as folder:
            words = ["-m", "mypy", "--config-file", "", "--cache-dir", folder, "overlay/gcore_iam", "generated"]
            subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, check=False)  # noqa: S603

    def run_make_generate() -> None:
        with tempfile.TemporaryDirectory() as folder:
            words = ["-m", "codegen", "generate", "--output", f"{folder}/package"]
            subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, check=True)  # noqa: S603

    def run_generator() -> None:
        with tempfile.TemporaryDirectory() as folder:
            generate_untouched(Path(folder) / "untouched")

    def build_diff(one: bytes, other: bytes) -> Work:
        specs = _read(one).spec, _read(other).spec
        return lambda: wire.find_changes(*specs, TODAY)

    def build_comparison(what: str, ours: Work, beside: str, peer: Work, bound: float) -> Comparison:
        ways = {name: sample_in_process(partial(_disable_gc, work)) for name, work in ((OURS, ours), (beside, peer))}
        return Comparison(what, ways, {beside: bound})

    size = f"{len(large) / 1e6:.1f} MB, {OPERATIONS} operations"
    return [
        build_comparison(
            "make drift, wire alone: comparing",
            lambda: wire.find_changes(old.spec, new.spec, TODAY),
            "reading",
            build_read(data, changed),
            2.0,
        ),
        build_comparison(
            "make drift, wire and Python", build_review("wire", "python"), "generating both", generate_both, 2.0
        ),
        build_comparison("make drift", run_make_drift, "type-checking once", check_types, 1.5),
        build_comparison(
            f"wire layer, {size}", build_diff(large, larger), "reading both", build_read(large, larger), 1.5
        ),
        Comparison(
            f"peak memory of the wire layer, {size}",
            {
                OURS: _sample_memory(large, larger, "wire.find_changes(*specs, datetime.date.today())"),
                "reading both": _sample_memory(large, larger, "pass"),
            },
            {"reading both": 1.5},
            rounds=3,
        ),
        build_comparison("make generate", run_make_generate, "openapi-python-client", run_generator, 1.5),
    ]


def _sample_memory(one: bytes, other: bytes, work: str) -> Sample:
    """Build the function that measures the peak memory of a process that reads two specs and does some work, in MB."""
    script = (
        "import datetime, gc, pathlib, resource, sys\n"
        "gc.disable()\n"
        "from codegen.drift import wire\n"
        "from codegen.drift.load import parse_input\n"
        "data = [pathlib.Path(name).read_bytes() for name in sys.argv[1:]]\n"
        "specs = [parse_input(one, 'api.yaml', generating=False).spec for one in data]\n"
        f"{work}\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )

    def sample() -> list[float]:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("old.yaml", "new.yaml")]
            for path, data in zip(paths, (one, other), strict=True):
                path.write_bytes(data)
            words = [sys.executable, "-c", script, *map(str, paths)]
            run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
            return [float(run.stdout)]

    return sample


def _disable_gc(work: Work) -> Work:
    """Return work that runs without the garbage collector, as `codegen drift` does; it takes longer than reading."""

    def run() -> None:
        gc.disable()
        try:
            work()
        finally:
            gc.enable()

    return run


def _read(data: bytes) -> Input:
    return parse_input(data, "api.yaml", generating=False)


def _build_large_spec() -> dict[str, Any]:
    """Build a spec of three megabytes, whose schemas refer to each other in circles."""
    fields = {
        f"field_{number}": {"type": "string", "description": f"What the field with the number {number} contains."}
        for number in range(25)
    }
    schemas = {
        f"Model{number}": {
            "type": "object",
            "properties": {
                **copy.deepcopy(fields),
                "child": _refer((number * 7 + 3) % MODELS),
                "more": {"type": "array", "items": _refer((number * 11 + 5) % MODELS)},
            },
        }
        for number in range(MODELS)
    }
    paths = {
        f"/things{number}": {
            "post": {
                "operationId": f"op{number}",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": _refer(number % MODELS)}}},
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": _refer(number * 3 % MODELS)}}}
                },
            }
        }
        for number in range(OPERATIONS)
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _refer(number: int) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/Model{number}"}
