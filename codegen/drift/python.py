"""The Python layer: what two generated packages offer differently."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import attrs

from ..generate import Package
from ..spec import Json, Spec, escape
from .checks.rules import CLIENT_VIEW, SECURITY
from .finding import Finding
from .merge import locate
from .python_surface import Class, Field, Function, Surface
from .report import Change, Location, fingerprint, with_unique_fingerprints

_SAME = 0.7
"""How much of two classes must be the same for one to be the other one renamed."""


_CLIENT_CLASS = "gcore_iam_client.client.AuthenticatedClient"
"""The class that sends the credentials."""


def changes(
    old: Package, new: Package, specs: tuple[Spec, Spec], wire: Sequence[Change], surfaces: tuple[Surface, Surface]
) -> list[Change]:
    """Compare two generated packages.

    Args:
        old: What is generated from the old spec.
        new: What is generated from the new one.
        specs: The specs.
        wire: The wire changes, with the Python names that they touch, to find the causes among.
        surfaces: What the packages offer.

    Returns:
        One entry for each difference, of the layers `python` and `generator`, in no order.
    """
    comparison = _Comparison(*surfaces)
    found = [*comparison.run(), *_generator(old, new)]
    located = [_located(change, wire, specs, comparison) for change in found]
    return with_unique_fingerprints([*located, *_authentication(wire)])


def _authentication(wire: Sequence[Change]) -> Iterator[Change]:
    """Yield a change for each way to authenticate that the API refuses from now on, which no signature shows."""
    for change in wire:
        if change.level == "error" and change.id.startswith(SECURITY):
            found = _change("py-authentication-changed", change.message)
            yield attrs.evolve(
                found,
                operations=change.operations,
                pointer=change.pointer,
                old=change.old,
                new=change.new,
                before=change.before,
                after=change.after,
                symbols=(_CLIENT_CLASS,),
                fingerprint=fingerprint("py-authentication-changed", change.pointer, [change.fingerprint]),
                causes=(change.fingerprint,),
            )


@attrs.define
class _Comparison:
    old: Surface
    new: Surface
    renamed: dict[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._find_renames()

    def run(self) -> Iterator[Change]:
        yield from self._modules()
        yield from self._functions()
        yield from self._classes()

    # --- modules and functions -------------------------------------------------------------------------------------

    def _modules(self) -> Iterator[Change]:
        for surface, other, rule in (
            (self.old, self.new, "py-module-removed"),
            (self.new, self.old, "py-module-added"),
        ):
            gone = sorted(surface.modules - other.modules)
            for module in [module for module in gone if module.rpartition(".")[0] not in gone]:
                inside = [name for name in gone if name.startswith(f"{module}.")]
                operations = [
                    surface.functions[name].operation for name in (module, *inside) if name in surface.functions
                ]
                yield _change(rule, module, operations=operations, symbols=[module, *inside])

    def _functions(self) -> Iterator[Change]:
        for function in self.old.functions.values():
            other = self.new.by_operation(function.operation) or self.new.functions.get(function.module)
            if other is None:
                if function.module in self.new.modules:  # else the module was removed, which is reported
                    operations = [function.operation]
                    yield _change(
                        "py-function-removed", function.operation, operations=operations, symbols=[function.symbol]
                    )
                continue
            before, after = self._mapped(function.returns), other.returns
            if before != after:
                yield self._about(function, other, "py-function-return-changed", function.returns, after)
            yield from self._parameters(function, other)

    def _about(self, old: Function, new: Function, rule: str, before: Json, after: Json, *guards: str) -> Change:
        what = new.module.rpartition(".")[2]
        return _change(rule, what, before, after, operations=[old.operation], symbols=[new.symbol], guards=guards)

    def _parameters(self, old: Function, new: Function) -> Iterator[Change]:
        before = [attrs.evolve(field, type=self._mapped(field.type)) for field in old.parameters]
        after = list(new.parameters)
        if before == after:
            return
        there = {field.name: field for field in after}
        positions = [[field.name for field in fields if field.name[:1] != "*"] for fields in (before, after)]
        accepted = positions[0] == positions[1][: len(positions[0])]
        accepted = accepted and all(
            field.name in there
            and _holds(there[field.name].type, field.type)
            and not (there[field.name].required and not field.required)
            for field in before
        )
        known = {field.name for field in before}
        accepted = accepted and not any(field.required for field in after if field.name not in known)
        guards = ("still-accepted",) if accepted else ()
        told = [_signature(fields, other) for fields, other in ((before, after), (after, before))]
        yield self._about(old, new, "py-function-param-changed", *told, *guards)

    # --- classes ---------------------------------------------------------------------------------------------------

    def _find_renames(self) -> None:
        """Match classes that are gone with new ones of the same content that the same operations lead to."""
        gone = [found for name, found in self.old.classes.items() if name not in self.new.classes]
        fresh = [found for name, found in self.new.classes.items() if name not in self.old.classes]
        scores = [(self._likeness(one, other), one.name, other.name) for one in gone for other in fresh]
        for score, one, other in sorted(scores, key=lambda item: (-item[0], item[1], item[2])):
            if score >= _SAME and one not in self.renamed and other not in self.renamed.values():
                self.renamed[one] = other

    def _likeness(self, one: Class, other: Class) -> float:
        """How alike two classes are, from 0 to 1 and a little for the name."""
        ours, theirs = self.old.reached(one.name), self.new.reached(other.name)
        if bool(one.members) != bool(other.members) or (ours and theirs and not set(ours) & set(theirs)):
            return 0
        content: list[set[object]] = [
            {*found.members.values()}
            or {(field.name, re.sub(r"\b[A-Z]\w+", "?", field.type)) for field in found.fields}
            for found in (one, other)
        ]
        together = content[0] | content[1]
        alike = len(content[0] & content[1]) / len(together) if together else 1.0
        return alike + difflib.SequenceMatcher(None, one.name, other.name).ratio() / 10 if alike >= _SAME else 0

    def _mapped(self, types: str) -> str:
        """A type of the old package in names of the new one."""
        text = re.sub(r"\w+", lambda found: self.renamed.get(found[0], found[0]), types)
        return " | ".join(sorted(_split(text)))

    def _classes(self) -> Iterator[Change]:
        for name, found in self.old.classes.items():
            other = self.new.classes.get(self.renamed.get(name, name))
            if other is None:
                yield _change("py-class-removed", name, operations=self.old.reached(name), symbols=[found.symbol])
                continue
            operations = dict.fromkeys([*self.old.reached(name), *self.new.reached(other.name)])
            if name != other.name:
                symbols = [found.symbol, other.symbol]
                yield _change("py-class-renamed", name, name, other.name, operations=operations, symbols=symbols)
            yield from self._class(found, other, tuple(operations))
        for name, found in self.new.classes.items():
            if name not in self.old.classes and name not in self.renamed.values():
                yield _change("py-class-added", name, operations=self.new.reached(name), symbols=[found.symbol])

    def _class(self, old: Class, new: Class, operations: tuple[str, ...]) -> Iterator[Change]:
        def told(rule: str, owner: Class, name: str, before: Json, after: Json, *guards: str) -> Change:
            symbol = f"{owner.symbol}.{name}"
            return _change(
                rule, f"{owner.name}.{name}", before, after, operations=operations, symbols=[symbol], guards=guards
            )

        for name, value in old.members.items():
            if value not in new.members.values():
                yield told("py-enum-member-removed", old, name, value, None)
        for name, value in new.members.items():
            if value not in old.members.values():
                yield told("py-enum-member-added", new, name, None, value)
        made = new.name in self.new.in_requests or old.name in self.old.in_requests
        read = new.name in self.new.in_responses or old.name in self.old.in_responses
        there, known = {field.name: field for field in new.fields}, {field.name: field for field in old.fields}
        for field in old.fields:
            if field.name not in there:
                yield told("py-field-removed", old, field.name, field.type, None)
                continue
            yield from self._field(field, there[field.name], new, told, made=made, read=read)
        for field in new.fields:
            if field.name not in known:
                yield told("py-field-added", new, field.name, None, field.type)
                if field.required and made:
                    yield told("py-field-became-required", new, field.name, None, field.type)
        if self._mapped(old.others) != new.others:
            kind = "type-changed" if old.others and new.others else "removed" if old.others else "added"
            yield told(f"py-field-{kind}", new, "additional_properties", old.others, new.others)
        yield from self._positions(old, new, operations, made=made)

    def _field(
        self, before: Field, after: Field, owner: Class, told: _Telling, *, made: bool, read: bool
    ) -> Iterator[Change]:
        types = self._mapped(before.type), after.type
        if after.required and not before.required:
            guards = () if made else ("responses-only",)
            yield told("py-field-became-required", owner, after.name, before.type, after.type, *guards)
            if _without_unset(types[0]) == after.type:
                return
        if types[0] != types[1] and _without_unset(types[0]) != _without_unset(types[1]):
            narrower, wider = _holds(types[0], types[1]), _holds(types[1], types[0])
            accepted = (wider or not made) and (narrower or not read)
            yield told("py-field-type-changed", owner, after.name, *types, *(("still-accepted",) if accepted else ()))
        elif types[0] != types[1]:  # it may be UNSET now
            yield told("py-field-type-changed", owner, after.name, *types, *(() if read else ("still-accepted",)))

    def _positions(self, old: Class, new: Class, operations: tuple[str, ...], *, made: bool) -> Iterator[Change]:
        names = [[field.name for field in found.fields] for found in (old, new)]
        kept = [name for name in names[0] if name in names[1]]
        if any(names[0].index(name) != names[1].index(name) for name in kept):
            swapped = kept != [name for name in names[1] if name in kept]
            guards = ("responses-only",) if not made else () if swapped else ("shifted",)
            yield _change(
                "py-field-position-changed",
                new.name,
                names[0],
                names[1],
                operations=operations,
                symbols=[new.symbol],
                guards=guards,
            )


class _Telling(Protocol):
    def __call__(self, rule: str, owner: Class, name: str, before: Json, after: Json, *guards: str) -> Change: ...


def _generator(old: Package, new: Package) -> Iterator[Change]:
    """What the generator or a correction cannot do any more."""
    for loss in [loss for loss in new.dropped if loss not in old.dropped]:
        operation = re.match(r"operation ([^\s:]+)", loss)
        yield _change(
            "gen-response-dropped",
            loss,
            layer="generator",
            operations=_operation_of(new, operation[1] if operation else ""),
        )
    known = {note.partition(": ")[2] for note in old.notes}
    for note in [note for note in new.notes if note.partition(": ")[2] not in known]:
        yield _change("gen-correction-unfit", note, layer="generator")


def _operation_of(package: Package, operation_id: str) -> list[str]:
    return [
        f"{method.upper()} {path}"
        for path, item in package.document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and operation.get("operationId") == operation_id
    ]


def _change(
    rule: str,
    what: str,
    before: Json = None,
    after: Json = None,
    *,
    layer: str = "python",
    operations: Iterable[str] = (),
    symbols: Iterable[str] = (),
    guards: Iterable[str] = (),
) -> Change:
    finding = Finding(rule, what, None, None, before, after)
    symbols = tuple(symbols)
    level = CLIENT_VIEW.level(rule, frozenset(guards))
    return Change(
        id=rule,
        layer="generator" if layer == "generator" else "python",
        level="info" if level == "none" else level,
        message=finding.message,
        operations=tuple(operations),
        before=before,
        after=after,
        symbols=symbols,
        fingerprint=fingerprint(rule, symbols[0] if symbols else _part(what), [before, after]),
    )


def _part(text: str) -> str:
    """What a note of the generator is about, without the line and the generator's reason."""
    correction = re.search(r"correction '(.+?)'", text)
    return correction[1] if correction else text.partition(":")[0]


def _located(change: Change, wire: Sequence[Change], specs: tuple[Spec, Spec], comparison: _Comparison) -> Change:
    """A change with the wire changes behind it and a place in the specs."""
    causes = [other for other in wire if set(other.symbols) & set(change.symbols)]
    if not causes and not change.id.startswith(("py-module", "py-function")):
        causes = [other for other in wire if _related(other.symbols, change.symbols)]
    if not causes and change.id.startswith("py-function"):
        causes = [other for other in wire if other.operations == change.operations]
    if not causes and change.id.startswith("py-module"):
        about = ("api-tag", "api-operation-id", "endpoint", "api-path", "api-removed")
        operations = set(change.operations)
        causes = [other for other in wire if operations & set(other.operations) and other.id.startswith(about)]
    old, new = (causes[0].old, causes[0].new) if causes else (None, None)
    if not causes:
        old, new = (_place(change, specs[side], (comparison.old, comparison.new)[side]) for side in (0, 1))
    return attrs.evolve(
        change,
        pointer=old.pointer if old else new.pointer if new else "",
        old=old,
        new=new,
        causes=tuple(other.fingerprint for other in causes),
    )


def _related(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a name is part of another one, as a field is of its class."""
    return any(
        f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.") for one in some for other in others
    )


def _place(change: Change, spec: Spec, surface: Surface) -> Location | None:
    """Where a spec speaks of what changed: the component of a class, else the first operation."""
    names = {part for symbol in change.symbols for part in symbol.split(".")}
    schemas = spec.document.get("components", {}).get("schemas", {})
    for name in schemas:
        if re.sub(r"[\W_]", "", name) in names and re.sub(r"[\W_]", "", name) in surface.classes:
            return locate(spec, f"/components/schemas/{escape(name)}")
    for operation in change.operations:
        method, _, path = operation.partition(" ")
        if method.lower() in spec.document["paths"].get(path, {}):
            return locate(spec, f"/paths/{escape(path)}/{method.lower()}")
    return None


def _split(types: str) -> list[str]:
    """The members of a union as written."""
    members, depth, start = [], 0, 0
    for index, character in enumerate(types):
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            members.append(types[start:index].strip())
            start = index + 1
    return [*members, types[start:].strip()]


def _without_unset(types: str) -> str:
    return " | ".join(sorted(member for member in _split(types) if member != "Unset"))


def _holds(wider: str, narrower: str) -> bool:
    """Whether every value of one type is one of another; an int is a float too."""
    members = set(_split(wider))
    if "float" in members:
        members.add("int")
    return "Any" in members or set(_split(narrower)) <= members


def _signature(fields: Sequence[Field], other: Sequence[Field]) -> str:
    """The parameters that differ from others, as a signature shows them."""
    shown = [
        f"{field.name.lstrip('*')}: {field.type}{'' if field.required else ' = UNSET'}"
        for field in fields
        if field not in other
    ]
    return ", ".join(shown) or "nothing"
