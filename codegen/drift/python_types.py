"""Types of the generated package as text: unions of names."""

from __future__ import annotations


def split_union(types: str) -> list[str]:
    """Return the members of a union as they are written."""
    members, depth, start = [], 0, 0
    for index, character in enumerate(types):
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            members.append(types[start:index].strip())
            start = index + 1
    return [*members, types[start:].strip()]


def remove_unset(types: str) -> str:
    """Return a union without `Unset`."""
    return " | ".join(sorted(member for member in split_union(types) if member != "Unset"))


def is_wider_type(wider: str, narrower: str) -> bool:
    """Return whether a type holds every value of another one; an int is a float too."""
    members = set(split_union(wider))
    if "float" in members:
        members.add("int")
    return "Any" in members or set(split_union(narrower)) <= members
