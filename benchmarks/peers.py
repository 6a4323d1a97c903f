"""Measures clients in processes of their own, in an environment that holds nothing but clients."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.metadata import distributions, version
from pathlib import Path

import certifi
import trustme

from .measure import Sample
from .ways import UNTOUCHED

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv-bench"
"""Made by `make bench` from `requirements.txt`."""

PYTHON = ENVIRONMENT / "bin" / "python"

SHOWN = ("gcore", "httpx", "httpcore", "h11", "attrs", "orjson")
"""Distributions that a table of results names."""


class Peers:
    """Starts processes, and ends them.

    Args:
        folder: A folder that holds the package that openapi-python-client makes when it is left alone, and where
            what else they need may be put.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = os.pathsep.join(map(str, (ROOT / "overlay", ROOT / "generated", folder)))
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path}
        self._workers = ExitStack()

    def way(self, name: str, case: str, url: str, times: int = 1) -> Sample:
        """Does a case of `ways`, so many times a round, in one process for all rounds."""
        command = [str(PYTHON), "-m", "benchmarks.worker", name, case, url]
        process: list[subprocess.Popen[str]] = []

        def sample() -> list[float]:
            if not process:  # not before the comparison that it is for
                process.append(
                    self._workers.enter_context(
                        subprocess.Popen(  # noqa: S603 - ours
                            command,
                            cwd=ROOT,
                            env=self._environment,
                            stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE,
                            text=True,
                        )
                    )
                )
            worker = process[0]
            assert worker.stdin is not None
            assert worker.stdout is not None
            print(times, file=worker.stdin, flush=True)
            samples: list[float] = json.loads(worker.stdout.readline())
            return samples

        return sample

    def memory(self, name: str, case: str, url: str) -> tuple[Sample, Sample, Sample]:
        """Measure a case of `ways` once, in a new process a sample.

        Returns:
            Kilobytes that the process grows by at most, kilobytes that it has at most, and seconds. The second and the
            third use the processes that the first has run, as long as there are any.
        """
        peaks: deque[float] = deque()
        seconds: deque[float] = deque()

        def sample() -> list[float]:
            growth, peak, time = json.loads(self._run("-m", "benchmarks.worker", name, case, url, "--memory"))
            peaks.append(peak)
            seconds.append(time)
            return [growth]

        def sample_from(queue: deque[float]) -> list[float]:
            if not queue:
                sample()
            return [queue.popleft()]

        return sample, partial(sample_from, peaks), partial(sample_from, seconds)

    def script(self, text: str, *arguments: str) -> Sample:
        """How many seconds a script takes in a new process, without what Python itself takes to start and to end."""
        began = "import sys, time; sys.modules['orjson'] = None; began = time.perf_counter()"
        timed = f"{began}\n{text}\nprint(time.perf_counter() - began)"
        return lambda: [float(self._run("-c", timed, *arguments))]

    def trust(self) -> Path:
        """Let all processes trust a certificate of our own, besides what they trust anyway, and give it with its key.

        The environment names the certificates from then on, so every client reads them where it makes its settings.
        """
        authority = trustme.CA()
        certificate = self._folder / "server.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        trusted = self._folder / "trusted.pem"
        trusted.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        self._environment["SSL_CERT_FILE"] = str(trusted)
        return certificate

    def finish(self) -> None:
        """End the processes."""
        self._workers.close()

    def _run(self, *words: str) -> str:
        command = [str(PYTHON), *words]
        return subprocess.run(  # noqa: S603 - ours
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True, check=True, timeout=300
        ).stdout


@contextmanager
def peers() -> Iterator[Peers]:
    """The peers, ready to be measured."""
    with tempfile.TemporaryDirectory() as folder:
        untouched = Path(folder)
        generate_untouched(untouched / UNTOUCHED)
        started = Peers(untouched)
        try:
            yield started
        finally:
            started.finish()


def generate_untouched(package: Path) -> None:
    """Let openapi-python-client make a package of our description in its own way."""
    programs = Path(sys.executable).parent
    words = ["generate", "--path", f"{ROOT}/spec/iam_api.yaml", "--output-path", str(package), "--meta", "none"]
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([f"{programs}/openapi-python-client", *words], env=environment, capture_output=True, check=True)  # noqa: S603


def versions() -> dict[str, str]:
    """What the measurements depend on."""
    installed = distributions(path=[str(each) for each in ENVIRONMENT.glob("lib/python*/site-packages")])
    return {
        "python": (ENVIRONMENT / "pyvenv.cfg").read_text("utf-8").partition("version = ")[2].split()[0],
        "openapi-python-client": version("openapi-python-client"),
        **{each.name: each.version for each in installed if each.name in SHOWN},
    }
