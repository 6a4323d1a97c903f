"""`make mutants`: how many small defects in the pure modules the tests notice.

mutmut makes each defect and runs the tests that reach it. It finds packages only under `src/`, so the project is laid
out so in a folder below `build/`. A defect that no test notices is either listed in `survivors.toml` with the reason
why it changes nothing that anybody can see, or it counts against the score. There are thousands, so a random sample is
tried, unless `--sample 0` asks for all.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "mutants"
MUTMUT = Path(sys.executable).with_name("mutmut")
SURVIVORS = Path(__file__).with_name("survivors.toml")

MINIMUM = 85.0
"""Percent."""

FIRST = "gcore_iam.retry.*"
"""Defects that are tried before the sample is chosen."""

MODULES = (
    "gcore_iam/retry.py",
    "gcore_iam/errors.py",
    "gcore_iam/call.py",
    "gcore_iam/pagination/*.py",
    "gcore_iam/auth/session.py",
    "codegen/corrections.py",
    "codegen/drift/checks/*.py",
    "codegen/drift/normalized_schema.py",
    "codegen/drift/schema_reader.py",
)

TESTS = (
    "tests/overlay/pagination",
    "tests/overlay/test_retry.py",
    "tests/overlay/test_call_flow.py",
    "tests/overlay/test_session_steps.py",
    "tests/overlay/test_errors.py",
    "tests/codegen/test_corrections.py",
    "tests/codegen/drift/test_wire.py",
    "tests/codegen/drift/test_wire_properties.py",
)

_CONFIG = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{modules}]
pytest_add_cli_args = ["-x", "-q", "-p", "no:randomly", "-p", "no:xdist", "--hypothesis-profile=mutants"]
pytest_add_cli_args_test_selection = [{tests}]
use_git_change_detection = false
also_copy = ["spec", "generator-config.yml", "README.md", "CHANGELOG.md"]
"""

_RESULT = re.compile(r"^\s*(\S+__mutmut_\d+): (.+)$")


def main() -> int:
    """Make the defects, run the tests, print the score; 1 if it is too low."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="stop after this time (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="defects tried at once (default: %(default)s)")
    parser.add_argument("--sample", type=int, default=1000, help="defects tried, 0 for all (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="choose the sample again (default: another one each time)")
    parser.add_argument("names", nargs="*", help="only defects of these names; * stands for anything")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.minutes * 60
    lay_out()
    names = arguments.names
    if not names and arguments.sample:
        try_defects([FIRST], arguments.jobs, deadline)  # makes all defects, and records which test reaches which
        seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311 - a sample
        everything = sorted(read_results())
        names = random.Random(seed).sample(everything, min(arguments.sample, len(everything)))  # noqa: S311
        print(f"{len(names)} of {len(everything)} defects, chosen by --seed {seed}", flush=True)
    started = time.monotonic()
    try_defects(names, arguments.jobs, deadline)
    results = read_results()
    if not arguments.names and arguments.sample:
        results = {name: results[name] for name in names}
    reasons: dict[str, str] = tomllib.loads(SURVIVORS.read_text("utf-8"))
    return report(results, reasons, time.monotonic() - started)


def try_defects(names: list[str], jobs: int, deadline: float) -> None:
    """Run the tests on the defects of these names, or on all if there are none, until the deadline."""
    command = [str(MUTMUT), "run", "--max-children", str(jobs), *names]
    with (WORK / "mutmut.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=WORK, stdout=log, stderr=subprocess.STDOUT)
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print("stopped at the time limit")
            process.terminate()
            process.wait(30)


def lay_out() -> None:
    """Copy the project to `WORK`, with its packages in `src/`."""
    shutil.rmtree(WORK, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    for package in ("overlay/gcore_iam", "generated/gcore_iam_client", "codegen"):
        shutil.copytree(ROOT / package, WORK / "src" / Path(package).name, ignore=ignore)
    for folder in ("tests", "spec"):
        shutil.copytree(ROOT / folder, WORK / folder, ignore=ignore)
    for file in ("generator-config.yml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / file, WORK / file)
    for module in MODULES:
        assert any((WORK / "src").glob(module)), f"no file is {module}"
    modules = ", ".join(f'"src/{module}"' for module in MODULES)
    tests = ", ".join(f'"{test}"' for test in TESTS)
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (WORK / "pyproject.toml").write_text(project + _CONFIG.format(modules=modules, tests=tests), "utf-8")


def read_results() -> dict[str, str]:
    """Read what became of each defect: "killed", "survived", "timeout", "no tests", …"""
    tool = [str(MUTMUT), "results", "--all", "true"]
    output = subprocess.run(tool, cwd=WORK, capture_output=True, text=True, check=True).stdout
    return {match[1]: match[2] for line in output.splitlines() if (match := _RESULT.match(line))}


def report(results: dict[str, str], reasons: dict[str, str], seconds: float) -> int:
    """Print the score of each module, and what no test notices."""
    total: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    not_tried = 0
    unknown = []
    for name, result in sorted(results.items()):
        if result == "not checked":
            not_tried += 1
            continue
        module = re.split(r"\.x[_ǁ]", name)[0]
        if result in {"killed", "timeout", "segfault", "suspicious", "caught by type check"}:
            noticed[module] += 1
        elif name.rpartition("__mutmut_")[0] in reasons or name in reasons:
            continue  # it changes nothing that anybody can see
        else:
            unknown.append(f"{result}: {name}")
        total[module] += 1
    for module, count in sorted(total.items()):
        print(f"{module}: {noticed[module]} of {count}, {100 * noticed[module] / count:.1f} %")
    print("\n".join(unknown))
    score = 100 * noticed.total() / max(1, total.total())
    if not_tried:
        print(f"not tried in the time: {not_tried} defects, which do not count")
    print(f"noticed: {noticed.total()} of {total.total()} defects, {score:.1f} % in {seconds / 60:.1f} minutes")
    return int(score < MINIMUM)


if __name__ == "__main__":
    sys.exit(main())
