"""Proofreads pages, docstrings and messages: spelling with a dictionary, grammar, and our words. `make docs` runs it.

The dictionary and the rules are Harper's, which needs no network. `dictionary.txt` beside this file has the words that
its dictionary lacks, and `tests/words.toml` those that we replace.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.docs.prose import MODULES, PAGES, ROOT, WORDS, find_words, read_module, read_page

DICTIONARY = Path(__file__).parent / "dictionary.txt"

IGNORED = {
    "UseTitleCase": "headings are sentences",
    "OxfordComma": "a list of short words needs none",
    "OrthographicConsistency": "knows one way to write a name",
    **dict.fromkeys(
        (
            "ExpandArgument", "ExpandConfiguration", "ExpandControl", "ExpandDirectory", "ExpandMemoryShorthands",
            "ExpandParameter", "ExpandStandardInputAndOutput", "ExpandTimeShorthands", "OkToOkay",
        ),
        "the short word is the one that programmers use",
    ),
    **dict.fromkeys(
        (
            "CommaFixes", "CompoundNouns", "Dashes", "DisjointPrefixes", "InflectedVerbAfterTo", "MassNouns",
            "MergeWords", "MissingDeterminer", "MissingPreposition", "MissingTo", "ModalBeAdjective",
            "NumericRangeEnDash", "Overall", "PhrasalVerbAsCompoundNoun", "PronounInflectionBe", "SendAnEmailTo",
            "Spaces", "SplitWords", "ThatThan", "ToTwoToo", "UnclosedQuotes", "WrongNegative",
        ),
        "finds no mistake here, but takes correct sentences for one",
    ),
}  # fmt: skip
"""Rules of Harper that are not ours, and why."""


def find_mistakes(texts: Mapping[str, str]) -> list[str]:
    """Return what Harper finds in texts: `place:line: rule: message`, each line once.

    Args:
        texts: The texts by the path of their file.
    """
    folder = ROOT / "build" / "prose"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = {f"{number}.md": path for number, path in enumerate(texts)}
    for name, path in files.items():
        (folder / name).write_text(texts[path], encoding="utf-8")
    harper = shutil.which("harper", path=Path(sys.executable).parent.as_posix()) or shutil.which("harper") or "harper"
    command = [harper, "lint", "--quiet", "--format", "json", "--user-dict-path", str(DICTIONARY)]
    run = subprocess.run(
        [*command, "--ignore", ",".join(IGNORED), *(str(folder / name) for name in files)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not run.stdout.startswith("["):
        raise RuntimeError(f"harper has failed: {run.stderr}")
    return sorted(_describe(json.loads(run.stdout), files, texts))


def _describe(results: Any, files: Mapping[str, str], texts: Mapping[str, str]) -> Iterator[str]:
    dictionary = set(DICTIONARY.read_text("utf-8").split())
    for result in results:
        path = files[result["file"]]
        lines = texts[path].splitlines()
        known = dictionary | {word for key in WORDS["kept"] if key.startswith(f"{path}: ") for word in key.split()}
        for lint in result["lints"]:
            if not _is_exempt(lint, lines[lint["line"] - 1], known):
                text = " ".join(lint["matched_text"].split())
                yield f"{path}:{lint['line']}: {lint['rule']}: {text[:60]}: {lint['message']}"


def _is_exempt(lint: Mapping[str, Any], line: str, known: set[str]) -> bool:
    """Return whether a word is a name of code, or starts with a small letter for a reason."""
    word, start = lint["matched_text"], line[: lint["column"] - 1]
    if lint["rule"] == "SpellCheck":
        is_code = re.search(r".[A-Z0-9_]|^[A-Z]\.$|^Valuea$", word)
        return word.rstrip(".") in known or word.lower() in known or is_code is not None
    if lint["rule"] == "AnA":
        return "an http" in line  # which is spoken letter by letter
    if lint["rule"] == "LongSentences":
        return "├" in word  # a tree of classes
    if lint["rule"] == "SentenceCapitalization":
        in_list = re.fullmatch(r"\s*(?:[-*]|\d+\.|#+ .*)\s*", start)
        is_data = line.lstrip().startswith(("|", "[[")) or " = " in line
        return word in known or is_data or bool(in_list) or start.endswith((".", "`"))
    return False


def main() -> int:
    """Print what is found; the status is 1 if there is anything."""
    texts = {path.relative_to(ROOT).as_posix(): read_page(path) for path in PAGES}
    texts |= {path.relative_to(ROOT).as_posix(): read_module(path) for path in MODULES}
    texts = {path: text for path, text in texts.items() if text.strip()}
    found = find_mistakes(texts)
    found += [
        f"{path}:{line}: say {instead}: {word}"
        for path, text in texts.items()
        if path.endswith(".md")  # tests/test_words.py knows which programs may keep one
        for line, word, instead in find_words(text)
    ]
    print("\n".join([*found, f"{len(found)} mistakes in {len(texts)} pages and modules"]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
