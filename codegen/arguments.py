"""Types of command-line arguments."""

from __future__ import annotations

import argparse
import re
from pathlib import Path


def parse_path(text: str) -> Path:
    """Parse the name of a file or folder; a URL, which would lose a slash as a path, is an error."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", text)
    if scheme:
        raise argparse.ArgumentTypeError(f"a path is needed, and not a URL ({scheme[1]}:); download the file first")
    return Path(text)
