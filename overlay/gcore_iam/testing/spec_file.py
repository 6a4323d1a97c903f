"""Reads the file of a spec: JSON, or YAML if PyYAML is installed. Nothing else in the library reads YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_spec_file(path: Path) -> Any:
    """Decode a file.

    Raises:
        ValueError: It is neither JSON nor YAML, or it is not JSON and PyYAML is missing.
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    try:
        return json.loads(content)
    except ValueError:
        return _read_yaml(path, content)


def _read_yaml(path: Path, content: bytes) -> Any:
    try:
        import yaml
    except ImportError:
        raise ValueError(f"spec: {str(path)!r} is not JSON; to read YAML, install PyYAML") from None
    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        message = str(error).replace("\n", " ")
    raise ValueError(f"spec: {str(path)!r} is neither JSON nor YAML: {message}")
