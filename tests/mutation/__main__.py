"""`make mutants`: how many mutants of the pure modules the tests notice; a mutant is a copy with one small defect.

mutmut makes each mutant and runs the tests that reach it. It finds packages only under `src/`, so the project is laid
out so in a folder below `build/`. It also skips decorated functions, so `move_decorators` writes the decorators of
checks and properties in another way. There are thousands of mutants, so a random sample is tried, unless `--sample 0`
asks for all.

A mutant that no test notices counts against the mutation score, unless `survivors.toml` lists it: it changes nothing
that anybody can see, or only words of a message that are not promised.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "mutants"
MUTMUT = Path(sys.executable).with_name("mutmut")
SURVIVORS = Path(__file__).with_name("survivors.toml")

MINIMUM = 85.0
"""Percent of the mutants.

Before the tests were reorganized (commit c69ef53) they noticed 29 of 60 (48.3 %, seed 7); on 2026-11-29, 935 of 996
(93.9 %).
"""

FIRST = "gcore_iam.errors.xǁPaginationErrorǁ__init__*"
"""Few mutants that are tried first, because mutmut makes the others only when it runs."""

NOTICED = {"killed", "timeout", "segfault", "suspicious"}
"""What mutmut calls a mutant that the tests notice."""

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
    "codegen/drift/pair_graph.py",
)

TESTS = (
    "tests/overlay/pagination",
    "tests/overlay/test_retry.py",
    "tests/overlay/test_call_flow.py",
    "tests/overlay/test_session_steps.py",
    "tests/overlay/test_error_attributes.py",
    "tests/overlay/test_errors.py",
    "tests/overlay/test_support_details.py",
    "tests/codegen/test_corrections.py",
    "tests/codegen/drift/test_entries.py",
    "tests/codegen/drift/test_lifecycle.py",
    "tests/codegen/drift/test_security.py",
    "tests/codegen/drift/test_settings.py",
    "tests/codegen/drift/test_wire.py",
    "tests/codegen/drift/test_wire_properties.py",
)

_CONFIG = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{modules}]
pytest_add_cli_args = [
    "-x", "-q", "-p", "no:randomly", "-p", "no:xdist", "--hypothesis-profile=mutants", "-k", "not of_this_api"
]
pytest_add_cli_args_test_selection = [{tests}]
use_git_change_detection = false
timeout_constant = 5.0
timeout_multiplier = 2.5
also_copy = ["spec", "generator-config.yml", "README.md", "CHANGELOG.md"]
"""

_RESULT = re.compile(r"^\s*(\S+__mutmut_\d+): (.+)$")


@attrs.frozen
class AcceptedMutants:
    """Mutants of one function that may survive.

    Attributes:
        function: Its dotted name.
        changes: The lines that differ, as the report prints them; "*" for all of its mutants.
        reason: Why no test can or should notice them.
    """

    function: str
    changes: tuple[str, ...]
    reason: str

    def covers(self, function: str, change: str) -> bool:
        """Return whether a mutant is one of these."""
        return function == self.function and (change in self.changes or self.changes == ("*",))


def main() -> int:
    """Make the mutants, run the tests, print the mutation score; 1 if it is too low."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="stop after this time (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="mutants tried at once (default: %(default)s)")
    parser.add_argument("--sample", type=int, default=1000, help="mutants tried, 0 for all (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="seed of the sample (default: random)")
    parser.add_argument("--keep", action="store_true", help="use the mutants of the last run, if only tests changed")
    parser.add_argument("names", nargs="*", help="only mutants of these names, such as 'gcore_iam.retry.*'")
    arguments = parser.parse_args()
    started = time.monotonic()
    deadline = started + arguments.minutes * 60
    lay_out(keep=arguments.keep)
    try_mutants([FIRST], arguments.jobs, deadline)  # makes all mutants, and records which test reaches which
    everything, accepted = sorted(read_results()), read_accepted()
    check_accepted(accepted, everything)
    patterns = arguments.names or ["*"]
    names = [name for name in everything if any(fnmatchcase(name, pattern) for pattern in patterns)]
    if 0 < arguments.sample < len(names):
        seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311 - a sample
        count = len(names)
        names = sorted(random.Random(seed).sample(names, arguments.sample))  # noqa: S311 - a sample
        print(f"{len(names)} of {count} mutants, chosen by --seed {seed}", flush=True)
    forget_results()
    try_mutants(names, arguments.jobs, deadline)
    results = read_results()
    return report({name: results[name] for name in names}, accepted, time.monotonic() - started)


def try_mutants(names: list[str], jobs: int, deadline: float) -> None:
    """Run the tests on the mutants of these names until the deadline."""
    command = [str(MUTMUT), "run", "--max-children", str(jobs), *names]
    with (WORK / "mutmut.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=WORK, stdout=log, stderr=subprocess.STDOUT)
        try:
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print("stopped at the time limit")
            process.send_signal(signal.SIGINT)  # it ends its processes too
            process.wait(30)
        else:
            assert status == 0, f"mutmut failed: see {WORK / 'mutmut.log'}"


def lay_out(*, keep: bool = False) -> None:
    """Copy the project to `WORK`, with its packages in `src/`; only its tests if the mutants are to be kept."""
    ignore = shutil.ignore_patterns("__pycache__")
    if keep:
        shutil.copytree(ROOT / "tests", WORK / "tests", ignore=ignore, dirs_exist_ok=True)
        (WORK / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
        return
    shutil.rmtree(WORK, ignore_errors=True)
    for package in ("overlay/gcore_iam", "generated/gcore_iam_client", "codegen"):
        shutil.copytree(ROOT / package, WORK / "src" / Path(package).name, ignore=ignore)
    for folder in ("tests", "spec"):
        shutil.copytree(ROOT / folder, WORK / folder, ignore=ignore)
    for file in ("generator-config.yml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / file, WORK / file)
    for module in MODULES:
        files = list((WORK / "src").glob(module))
        assert files, f"no file is {module}"
        for path in files:
            path.write_text(move_decorators(path.read_text("utf-8")), "utf-8")
    modules = ", ".join(f'"src/{module}"' for module in MODULES)
    tests = ", ".join(f'"{test}"' for test in TESTS)
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (WORK / "pyproject.toml").write_text(project + _CONFIG.format(modules=modules, tests=tests), "utf-8")


def move_decorators(source: str) -> str:
    """Call `@property` and the decorators that register a check below the function instead of above it."""
    lines = source.splitlines()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for function in sorted(functions, key=lambda node: node.lineno, reverse=True):
        names = [node.id for node in function.decorator_list if isinstance(node, ast.Name)]
        if len(function.decorator_list) == 1 and names and (names[0] == "property" or names[0].endswith("_check")):
            assert function.end_lineno is not None
            lines.insert(
                function.end_lineno, f"{' ' * function.col_offset}{function.name} = {names[0]}({function.name})"
            )
            del lines[function.decorator_list[0].lineno - 1]
    return "\n".join([*lines, ""])


def forget_results() -> None:
    """Make mutmut forget what became of the mutants that it has tried."""
    for file in (WORK / "mutants").rglob("*.meta"):
        content = json.loads(file.read_text("utf-8"))
        content["exit_code_by_key"] = dict.fromkeys(content["exit_code_by_key"])
        file.write_text(json.dumps(content), "utf-8")


def read_results() -> dict[str, str]:
    """Read what became of each mutant: "killed", "survived", "timeout", "no tests", …"""
    tool = [str(MUTMUT), "results", "--all", "true"]
    output = subprocess.run(tool, cwd=WORK, capture_output=True, text=True, check=True).stdout
    return {match[1]: match[2] for line in output.splitlines() if (match := _RESULT.match(line))}


def read_accepted() -> list[AcceptedMutants]:
    """Read `survivors.toml`."""
    rows = tomllib.loads(SURVIVORS.read_text("utf-8")).get("survivor", [])
    return [AcceptedMutants(row["function"], tuple(row["changes"]), row["reason"]) for row in rows]


def check_accepted(accepted: list[AcceptedMutants], mutants: list[str]) -> None:
    """Raise if an accepted mutant does not exist any more, because its function has changed."""
    functions = {one.function for one in accepted}
    changes: dict[str, set[str]] = {function: set() for function in functions}
    for mutant in mutants:
        if (function := name_function(mutant)) in functions:
            changes[function] |= {"*", read_change(mutant)}
    stale = [
        (one.function, change) for one in accepted for change in one.changes if change not in changes[one.function]
    ]
    assert not stale, f"{SURVIVORS.name} lists mutants that do not exist any more: {stale}"


def name_function(mutant: str) -> str:
    """Return the dotted name of the function that a mutant changes.

    >>> name_function("gcore_iam.errors.xǁIAMErrorǁ__repr____mutmut_9")
    'gcore_iam.errors.IAMError.__repr__'
    """
    module, _, name = mutant.rpartition("__mutmut_")[0].rpartition(".")
    return f"{module}.{name.removeprefix('xǁ').replace('ǁ', '.') if name.startswith('xǁ') else name.removeprefix('x_')}"


def read_change(mutant: str) -> str:
    """Read the lines of a mutant that differ from the source; "" if it only leaves lines out."""
    module, _, name = mutant.rpartition(".")
    file = WORK / "mutants" / "src" / f"{module.replace('.', '/')}.py"
    lines = file.read_text("utf-8").splitlines()
    spans = json.loads(file.with_name(f"{file.name}.spans").read_text("utf-8"))["spans"]
    original, changed = (
        [line.strip() for line in lines[spans[key][0] - 1 : spans[key][1]] if f"def {key}(" not in line]
        for key in (f"{name.rpartition('__mutmut_')[0]}__mutmut_orig", name)
    )
    return " ".join(line[2:] for line in difflib.ndiff(original, changed) if line.startswith("+ "))


def report(results: dict[str, str], accepted: list[AcceptedMutants], seconds: float) -> int:
    """Print the mutation score of each module, and what no test notices."""
    total: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    listed = 0
    unlisted: list[str] = []
    for name, result in sorted(results.items()):
        if result == "not checked":
            continue
        module = re.split(r"\.x[_ǁ]", name)[0]
        if result in NOTICED:
            noticed[module] += 1
        else:
            function, change = name_function(name), read_change(name)
            if any(one.covers(function, change) for one in accepted):
                listed += 1
                continue
            unlisted.append(f"{result}: {name}\n    {change}")
        total[module] += 1
    print("\n".join(unlisted))
    for module, count in sorted(total.items()):
        print(f"{module}: {noticed[module]} of {count}, {100 * noticed[module] / count:.1f} %")
    score = 100 * noticed.total() / max(1, total.total())
    print(", ".join(f"{result}: {count}" for result, count in Counter(results.values()).most_common()))
    print(f"{listed} that no test notices are listed in {SURVIVORS.name} and do not count")
    print(f"noticed: {noticed.total()} of {total.total()} mutants, {score:.1f} % in {seconds / 60:.1f} minutes")
    return int(score < MINIMUM)


if __name__ == "__main__":
    sys.exit(main())
