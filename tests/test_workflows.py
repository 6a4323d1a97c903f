"""The workflows: what each job may do, and how a new spec becomes a pull request, with real git and our own `gh`."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SHA256 = hashlib.sha256(b"new").hexdigest()
BRANCH = f"drift/iam-api-{SHA256[:16]}"

GH = """\
#!/usr/bin/env bash
echo "$*" >> "$FAKE/calls"
case "$1 $2" in
"pr list") [ -e "$FAKE/list-fails" ] && exit 1; cat "$FAKE/known" ;;
"pr create") [ -e "$FAKE/create-fails" ] && exit 1; cat > "$FAKE/body"; echo 1 > "$FAKE/known" ;;
esac
"""

MAKE = """\
#!/usr/bin/env bash
for word; do case $word in NEW=*) new=${word#NEW=} ;; FORMAT=*) format=${word#FORMAT=} ;; REPORT=*) report=${word#REPORT=} ;; esac; done
[ -e "$FAKE/$format-fails" ] && { printf 'no\\r```\\n@everybody\\n'; exit 1; }
case "$*" in
*drift*) [ "$format" = json ] && echo '{"suggested_bump": "major"}' > "$report" || echo "review" > "$report" ;;
*update-spec*)
    [ -e "$FAKE/refused" ] && { echo "cannot be generated"; exit 4; }
    cp "$new" spec/iam_api.yaml
    sha256sum "$new" > spec/source.toml
    echo "x = 1" > generated/gcore_iam_client/new.py
    [ -e "$FAKE/check-fails" ] && { printf '```\\n@everybody\\n'; exit 2; }
    true ;;
esac
"""  # noqa: E501


def load(path: Path) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return workflow


def used_actions(workflow: Mapping[str, Any]) -> list[str]:
    return [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]


# --- what jobs may do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_hash(path: Path) -> None:
    assert used_actions(load(path))
    for line in path.read_text("utf-8").splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_an_action_has_one_version_in_all_workflows() -> None:
    uses = {action for path in WORKFLOWS for action in used_actions(load(path))}
    assert len({action.partition("@")[0] for action in uses}) == len(uses)


def test_only_the_proposing_and_the_publishing_job_may_write() -> None:
    writing = {
        (path.name, name)
        for path in WORKFLOWS
        for name, job in load(path)["jobs"].items()
        if "write" in str({**load(path).get("permissions", {"contents": "write"}), **job.get("permissions", {})})
    }
    assert writing == {("drift.yml", "propose"), ("release.yml", "publish")}


def test_the_job_that_publishes_runs_nothing_of_the_project() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert jobs["publish"]["permissions"] == {"attestations": "write", "id-token": "write"}
    assert jobs["publish"]["environment"] == "release"
    assert "actions/checkout" not in str(jobs["publish"])
    assert [step["run"] for step in jobs["publish"]["steps"] if "run" in step] == ["rm dist/gcore-iam.cdx.json"]
    assert "secrets." not in str(jobs)


def test_before_each_commit_the_gates_of_make_check_run() -> None:
    hooks = load(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    gates = re.search(r"^check: ([a-z ]+?) *##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert gates is not None
    entries = " ".join(hook["entry"] for hook in hooks)
    for gate in set(gates[1].split()) - {"lint"}:
        assert f"make {gate}" in entries
    assert "ruff check" in entries
    assert "ruff format --check" in entries


def test_one_command_installs_all_hooks() -> None:
    """`pre-commit install` leaves out a hook before a push unless its kind is listed."""
    config = load(ROOT / ".pre-commit-config.yaml")
    stages = {stage for hook in config["repos"][0]["hooks"] for stage in hook.get("stages", ["pre-commit"])}
    assert stages == set(config["default_install_hook_types"])


def test_dependabot_renews_every_lock() -> None:
    updates = load(ROOT / ".github" / "dependabot.yml")["updates"]
    (pip,) = [each for each in updates if each["package-ecosystem"] == "pip"]
    locks = [*ROOT.glob("requirements*.txt"), *ROOT.glob("*/requirements*.txt")]
    folders = {f"/{path.parent.relative_to(ROOT).as_posix()}".removesuffix(".") for path in locks}
    assert folders == set(pip["directories"])
    pinned = re.findall(r'"([\w-]+)==', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert {each["dependency-name"] for each in pip["ignore"]} == set(pinned)


def test_the_job_that_reads_upstream_may_only_read() -> None:
    workflow = load(ROOT / ".github" / "workflows" / "drift.yml")
    review, propose = workflow["jobs"]["review"], workflow["jobs"]["propose"]
    assert workflow["permissions"] == {}
    assert review["permissions"] == {"contents": "read"}
    assert propose["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert "UPSTREAM" in review["env"]
    assert review["steps"][0]["with"] == {"persist-credentials": False}
    assert "token" not in str(review)


def test_the_job_that_may_write_runs_one_script() -> None:
    propose = load(ROOT / ".github" / "workflows" / "drift.yml")["jobs"]["propose"]
    assert propose["needs"] == "review"
    assert propose["if"] == "needs.review.outputs.proposed == 'true'"
    actions = [step["uses"].partition("@")[0] for step in propose["steps"] if "uses" in step]
    assert actions == ["actions/checkout", "actions/download-artifact"]
    assert [step["run"] for step in propose["steps"] if "run" in step] == [
        '.github/drift/propose "$RUNNER_TEMP/proposal"'
    ]
    script = (ROOT / ".github" / "drift" / "propose").read_text("utf-8")
    assert not re.search(r"\b(make|python3?|pip|source|eval)\b", re.sub(r"#.*|files\+?=.*", "", script))


def test_no_step_puts_an_expression_into_its_script() -> None:
    for path in WORKFLOWS:
        for job in load(path)["jobs"].values():
            assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


# --- the scripts ---------------------------------------------------------------------------------------------------


@attrs.frozen
class Repository:
    """A clone, its origin, and a folder with the `gh` and `make` that the scripts find."""

    clone: Path
    fake: Path
    proposal: Path

    def git(self, *words: str) -> str:
        run = subprocess.run(["git", *words], cwd=self.clone, capture_output=True, text=True, check=True)
        return run.stdout

    def run(self, script: str, *words: Path) -> subprocess.CompletedProcess[str]:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "GITHUB_"))},
            "PATH": f"{self.fake}{os.pathsep}{os.environ['PATH']}",
            "FAKE": str(self.fake),
            "GITHUB_OUTPUT": str(self.fake / "output"),
            "GITHUB_STEP_SUMMARY": str(self.fake / "summary"),
        }
        command = [str(ROOT / ".github" / "drift" / script), *map(str, words)]
        return subprocess.run(command, cwd=self.clone, env=environment, capture_output=True, text=True, check=False)

    def propose(self) -> subprocess.CompletedProcess[str]:
        """Run the script as a new job does: in a fresh state of the clone."""
        self.git("reset", "--quiet", "--hard", "origin/main")
        (self.fake / "calls").unlink(missing_ok=True)
        return self.run("propose", self.proposal)

    def calls(self) -> list[str]:
        path = self.fake / "calls"
        return [" ".join(line.split()[:2]) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def branches(self) -> list[str]:
        return re.findall(r"refs/heads/(\S+)", self.git("ls-remote", "--heads", "origin"))

    def change(self, files: Mapping[str, str]) -> None:
        """Make the patch of the proposal."""
        for name, content in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        self.git("add", "--all")
        self.write_patch()

    def write_patch(self) -> None:
        patch = self.git("diff", "--cached", "--binary", "--full-index", "--no-renames")
        (self.proposal / "changes.patch").write_text(patch, encoding="utf-8")
        self.git("reset", "--quiet", "--hard")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    clone, fake, proposal = tmp_path / "clone", tmp_path / "fake", tmp_path / "proposal"
    for folder in (clone, fake, proposal):
        folder.mkdir()
    for name, text in (("gh", GH), ("make", MAKE)):
        (fake / name).write_text(text, encoding="utf-8")
        (fake / name).chmod(0o755)
    (fake / "known").write_text("0\n", encoding="utf-8")
    found = Repository(clone, fake, proposal)
    found.git("init", "--quiet", "--initial-branch=main")
    found.git("config", "user.name", "tester")
    found.git("config", "user.email", "tester@example.com")
    for name in (
        "spec/iam_api.yaml",
        "spec/source.toml",
        "generated/gcore_iam_client/a.py",
        "Makefile",
        "CHANGELOG.md",
    ):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(f"# {name}\nversion: 1\n", encoding="utf-8")
    (clone / "overlay").mkdir()
    (clone / "overlay" / "a.py").write_text("", encoding="utf-8")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--message", "Begin")
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "origin")], check=True)
    found.git("remote", "add", "origin", str(tmp_path / "origin"))
    found.git("push", "--quiet", "origin", "main")
    for name, text in (("sha256", f"{SHA256}\n"), ("bump", "minor\n"), ("body.md", "The review\n")):
        (proposal / name).write_text(text, encoding="utf-8")
    found.change({"spec/iam_api.yaml": "new\n", "generated/gcore_iam_client/models/b.py": "x = 1\n"})
    return found


def test_a_new_spec_is_pushed_and_proposed(repository: Repository) -> None:
    run = repository.propose()
    assert run.returncode == 0, run.stderr
    assert repository.calls() == ["pr list", "pr create"]
    assert repository.branches() == [BRANCH, "main"]
    assert (repository.fake / "body").read_text("utf-8") == "The review\n"
    changed = repository.git("diff", "--name-only", "origin/main", "HEAD").split()
    assert changed == ["generated/gcore_iam_client/models/b.py", "spec/iam_api.yaml"]


def test_a_push_without_a_pull_request_is_made_up_for(repository: Repository) -> None:
    (repository.fake / "create-fails").touch()
    assert repository.propose().returncode != 0
    assert repository.branches() == [BRANCH, "main"]
    pushed = repository.git("ls-remote", "origin", BRANCH)
    (repository.fake / "create-fails").unlink()
    assert repository.propose().returncode == 0
    assert repository.calls() == ["pr list", "pr create"]
    assert repository.git("ls-remote", "origin", BRANCH) == pushed
    assert repository.propose().returncode == 0
    assert repository.calls() == ["pr list"]


def test_every_state_of_a_pull_request_counts(repository: Repository) -> None:
    (repository.fake / "known").write_text("1\n", encoding="utf-8")
    assert repository.propose().returncode == 0
    assert repository.calls() == ["pr list"]
    assert repository.branches() == ["main"]
    (call,) = (repository.fake / "calls").read_text("utf-8").splitlines()
    assert f"--state all --head {BRANCH} " in call
    assert "isCrossRepository | not" in call


@pytest.mark.parametrize("answer", ["", "no\n"])
def test_an_unknown_state_proposes_nothing(repository: Repository, answer: str) -> None:
    (repository.fake / "known").write_text(answer, encoding="utf-8")
    assert repository.propose().returncode != 0
    (repository.fake / "list-fails").touch()
    assert repository.propose().returncode != 0
    assert repository.branches() == ["main"]


@pytest.mark.parametrize(
    "name",
    [
        *(".github/workflows/x.yml", "Makefile", "overlay/gcore_iam/call.py", "codegen/x.py", "spec/corrections.yaml"),
        *("generated/gcore_iam_client/x.pth", "generated/sitecustomize.py", "generated/gcore_iam_client/a.py "),
        *("spec/reviews/x.sh", "generated/gcore_iam_client/é.py", "generated/gcore_iam_client/.git/x.py"),
    ],
)
def test_a_patch_of_anything_else_is_refused(repository: Repository, name: str) -> None:
    if "/.git/" in name:
        patch = repository.proposal / "changes.patch"
        patch.write_text(patch.read_text("utf-8").replace("models/b.py", ".git/b.py"), encoding="utf-8")
    else:
        repository.change({"spec/iam_api.yaml": "new\n", name: "x"})
    run = repository.propose()
    assert run.returncode != 0
    assert repository.calls() == ["pr list"]
    assert repository.branches() == ["main"]


@pytest.mark.parametrize("kind", ["link", "program"])
def test_a_patch_of_another_kind_of_file_is_refused(repository: Repository, kind: str) -> None:
    path = repository.clone / "generated" / "gcore_iam_client" / "c.py"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    else:
        path.write_text("", encoding="utf-8")
        path.chmod(0o755)
    repository.git("add", "--all")
    repository.write_patch()
    run = repository.propose()
    assert (run.returncode, run.stdout) == (1, "propose: the patch makes something else than a file\n")
    assert repository.branches() == ["main"]


def test_hostile_facts_of_a_proposal_are_not_used(repository: Repository) -> None:
    (repository.proposal / "bump").write_text("$(touch pwned)`@all`", encoding="utf-8")
    assert repository.propose().returncode == 0
    assert "(suggested bump: unknown)" in (repository.fake / "calls").read_text("utf-8")
    for text in ("../../x", f"{SHA256}/x", SHA256.upper(), ""):
        (repository.proposal / "sha256").write_text(text, encoding="utf-8")
        assert repository.propose().returncode == 1
        assert repository.calls() == []
    assert repository.branches() == [BRANCH, "main"]


def test_a_review_leaves_what_a_pull_request_needs(repository: Repository, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("new\n", encoding="utf-8")
    (repository.fake / "check-fails").touch()
    run = repository.run("review", new, tmp_path / "out")
    assert run.returncode == 0, run.stderr
    assert (repository.fake / "output").read_text("utf-8") == "proposed=true\n"
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["body.md", "bump", "changes.patch", "review.html", "sha256"]
    assert (tmp_path / "out" / "bump").read_text("utf-8") == "major\n"
    body = (tmp_path / "out" / "body.md").read_text("utf-8")
    assert body == "review\n\n`make check` fails on this branch:\n\n    ```\n    @everybody\n\n"
    patch = (tmp_path / "out" / "changes.patch").read_text("utf-8")
    assert re.findall(r"^\+\+\+ b/(.*)$", patch, re.MULTILINE) == [
        *("generated/gcore_iam_client/new.py", "spec/iam_api.yaml", "spec/source.toml")
    ]


def test_a_review_and_its_proposal_fit(repository: Repository, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("new\n", encoding="utf-8")
    assert repository.run("review", new, repository.proposal).returncode == 0
    run = repository.propose()
    assert run.returncode == 0, run.stdout + run.stderr
    assert "(suggested bump: major)" in (repository.fake / "calls").read_text("utf-8")


def test_a_spec_that_has_been_taken_in_is_not_reviewed(repository: Repository, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("new\n", encoding="utf-8")
    sha256 = hashlib.sha256(new.read_bytes()).hexdigest()
    (repository.clone / "spec" / "source.toml").write_text(f'sha256 = "{sha256}"\n', encoding="utf-8")
    assert repository.run("review", new, tmp_path / "out").returncode == 0
    assert (repository.fake / "output").read_text("utf-8") == "proposed=false\n"


def test_another_version_alone_is_not_proposed(repository: Repository, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("# spec/iam_api.yaml\nversion: 2\n", encoding="utf-8")
    assert repository.run("review", new, tmp_path / "out").returncode == 0
    assert (repository.fake / "output").read_text("utf-8") == "proposed=false\n"


@pytest.mark.parametrize("failure", ["markdown-fails", "json-fails", "refused"])
def test_a_review_that_fails_says_why_as_code(repository: Repository, tmp_path: Path, failure: str) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("new\n", encoding="utf-8")
    (repository.fake / failure).touch()
    assert repository.run("review", new, tmp_path / "out").returncode == 1
    summary = (repository.fake / "summary").read_text("utf-8")
    expected = "    cannot be generated\n" if failure == "refused" else "    no ```\n    @everybody\n"
    assert expected in summary
    assert not (repository.fake / "output").exists()
