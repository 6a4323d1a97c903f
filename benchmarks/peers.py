"""Measures clients in separate processes, in an environment with nothing but clients."""

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

REPORTED = ("gcore", "httpx", "httpcore", "h11", "attrs", "orjson")
"""Distributions whose versions the results contain."""


class Peers:
    """Starts the processes of the clients, and ends them.

    Args:
        folder: A folder with the unchanged output of openapi-python-client, in which this class may create files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = os.pathsep.join(map(str, (ROOT / "overlay", ROOT / "generated", folder)))
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path}
        self._workers = ExitStack()

    def sample_case(self, name: str, case: str, url: str, times: int = 1) -> Sample:
        """Build the function that runs a case of `ways` so many times a round, in one process for all rounds."""
        command = [str(PYTHON), "-m", "benchmarks.worker", name, case, url]
        process: list[subprocess.Popen[str]] = []

        def sample() -> list[float]:
            if not process:  # started only when its comparison begins
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

    def sample_memory(self, name: str, case: str, url: str) -> tuple[Sample, Sample, Sample]:
        """Build the functions that run a case of `ways` once, in a new process for each sample.

        Returns:
            Functions for the growth in kilobytes at the peak, the kilobytes at the peak, and the seconds. The second
            and the third return measurements of the processes that the first has started, as long as there are any.
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

    def sample_script(self, text: str, *arguments: str) -> Sample:
        """Build the function that times a script in a new process, without the start and the end of Python."""
        began = "import sys, time; sys.modules['orjson'] = None; began = time.perf_counter()"
        timed = f"{began}\n{text}\nprint(time.perf_counter() - began)"
        return lambda: [float(self._run("-c", timed, *arguments))]

    def trust_certificate(self) -> Path:
        """Make all processes trust a certificate of ours as well; return the file with it and its key.

        From then on the environment names the certificates, so every client reads them when it builds its settings.
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
def start_peers() -> Iterator[Peers]:
    """Start the peers, and end their processes after the `with` block."""
    with tempfile.TemporaryDirectory() as folder:
        untouched = Path(folder)
        generate_untouched(untouched / UNTOUCHED)
        started = Peers(untouched)
        try:
            yield started
        finally:
            started.finish()


def generate_untouched(package: Path) -> None:
    """Generate a package from our spec with openapi-python-client, without templates or corrections of ours."""
    programs = Path(sys.executable).parent
    words = ["generate", "--path", f"{ROOT}/spec/iam_api.yaml", "--output-path", str(package), "--meta", "none"]
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([f"{programs}/openapi-python-client", *words], env=environment, capture_output=True, check=True)  # noqa: S603


def collect_versions() -> dict[str, str]:
    """Collect the versions of Python and of the measured distributions."""
    installed = distributions(path=[str(each) for each in ENVIRONMENT.glob("lib/python*/site-packages")])
    return {
        "python": (ENVIRONMENT / "pyvenv.cfg").read_text("utf-8").partition("version = ")[2].split()[0],
        "openapi-python-client": version("openapi-python-client"),
        **{each.name: each.version for each in installed if each.name in REPORTED},
    }
