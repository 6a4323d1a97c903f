"""The Python layer: compares two generated packages."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import attrs

from ..generate import Package
from ..spec import Json, escape
from .checks.rules import CLIENT_VIEW, SECURITY
from .finding import Finding
from .merge import locate
from .python_surface import Class, Field, Function, GeneratedClient, Surface, is_wider_type, remove_unset, split_union
from .report import Change, Location, compute_fingerprint, make_fingerprints_unique

_MIN_SIMILARITY = 0.7
"""The similarity from which a removed and an added class count as a rename."""


_CLIENT_CLASS = "gcore_iam_client.client.AuthenticatedClient"
"""The class that sends the credentials."""


def find_changes(old: GeneratedClient, new: GeneratedClient, wire: Sequence[Change]) -> list[Change]:
    """Compare two generated packages.

    Args:
        old: The client of the old spec.
        new: The client of the new spec.
        wire: The wire changes, with the Python names that they touch, to find the causes among.

    Returns:
        One entry for each difference, of the layers `python` and `generator`, in no order.
    """
    comparison = _Comparison(old.surface, new.surface)
    found = [*comparison.run(), *_compare_generator_notes(old.package, new.package)]
    located = [_add_causes(change, wire, (old, new)) for change in found]
    return make_fingerprints_unique([*located, *_find_authentication_changes(wire)])


def _find_authentication_changes(wire: Sequence[Change]) -> Iterator[Change]:
    """Yield a change for each way to authenticate that the API refuses from now on, which no signature shows."""
    rule = "py-authentication-changed"
    for change in wire:
        if change.level == "error" and change.id.startswith(SECURITY):
            found = _make_change(rule, change.message, change.before, change.after, symbols=[_CLIENT_CLASS])
            yield attrs.evolve(
                found,
                operations=change.operations,
                pointer=change.pointer,
                old=change.old,
                new=change.new,
                fingerprint=compute_fingerprint(rule, change.pointer, [change.fingerprint]),
                causes=(change.fingerprint,),
            )


@attrs.frozen
class _ClassPair:
    """A class of the old package and the one that takes its place."""

    old: Class
    new: Class
    operations: tuple[str, ...]
    is_sent: bool
    is_received: bool

    def make_change(self, rule: str, owner: Class, name: str, before: Json, after: Json, *guards: str) -> Change:
        """Make the change of a field or a member."""
        what, symbol = f"{owner.name}.{name}", f"{owner.symbol}.{name}"
        return _make_change(rule, what, before, after, operations=self.operations, symbols=[symbol], guards=guards)


@attrs.define
class _Comparison:
    old: Surface
    new: Surface
    renamed: dict[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._find_renames()

    def run(self) -> Iterator[Change]:
        yield from self._compare_modules()
        yield from self._compare_functions()
        yield from self._compare_classes()

    # --- modules and functions -------------------------------------------------------------------------------------

    def _compare_modules(self) -> Iterator[Change]:
        for surface, other, rule in (
            (self.old, self.new, "py-module-removed"),
            (self.new, self.old, "py-module-added"),
        ):
            removed = sorted(surface.modules - other.modules)
            for module in [module for module in removed if module.rpartition(".")[0] not in removed]:
                inside = [name for name in removed if name.startswith(f"{module}.")]
                operations = [
                    surface.functions[name].operation for name in (module, *inside) if name in surface.functions
                ]
                yield _make_change(rule, module, operations=operations, symbols=[module, *inside])

    def _compare_functions(self) -> Iterator[Change]:
        for function in self.old.functions.values():
            other = self.new.find_function(function.operation) or self.new.functions.get(function.module)
            if other is None:
                if function.module in self.new.modules:  # else the module was removed, which is reported
                    name = function.operation
                    yield _make_change("py-function-removed", name, operations=[name], symbols=[function.symbol])
                continue
            make_change = functools.partial(
                _make_change,
                what=other.module.rpartition(".")[2],
                operations=[function.operation],
                symbols=[other.symbol],
            )
            if self._rename_types(function.returns) != other.returns:
                yield make_change("py-function-return-changed", before=function.returns, after=other.returns)
            yield from self._compare_parameters(function, other, make_change)

    def _compare_parameters(self, old: Function, new: Function, make_change: Callable[..., Change]) -> Iterator[Change]:
        before = [attrs.evolve(field, type=self._rename_types(field.type)) for field in old.parameters]
        after = list(new.parameters)
        if before == after:
            return
        positions = [[field.name for field in fields if field.name[:1] != "*"] for fields in (before, after)]
        accepted = positions[0] == positions[1][: len(positions[0])]
        rest = {field.name: field for field in after}
        for field in before:
            other = rest.pop(field.name, None)
            accepted = accepted and other is not None and is_wider_type(other.type, field.type)
            accepted = accepted and not (other and other.required and not field.required)
        accepted = accepted and not any(field.required for field in rest.values())
        signatures = _format_signature(before, after), _format_signature(after, before)
        guards = ["still-accepted"] if accepted else []
        change = make_change("py-function-param-changed", before=signatures[0], after=signatures[1], guards=guards)
        if not all(signatures):
            name, verb = new.module.rpartition(".")[2], "no longer takes" if signatures[0] else "also takes"
            change = attrs.evolve(change, message=f"{name} {verb} `{signatures[0] or signatures[1]}`")
        yield change

    # --- classes ---------------------------------------------------------------------------------------------------

    def _find_renames(self) -> None:
        """Match removed classes with added ones of similar content; if both have operations, they share one."""
        removed = [found for name, found in self.old.classes.items() if name not in self.new.classes]
        added = [found for name, found in self.new.classes.items() if name not in self.old.classes]
        scores = [(self._compute_similarity(one, other), one.name, other.name) for one in removed for other in added]
        for score, one, other in sorted(scores, key=lambda item: (-item[0], item[1], item[2])):
            if score >= _MIN_SIMILARITY and one not in self.renamed and other not in self.renamed.values():
                self.renamed[one] = other

    def _compute_similarity(self, one: Class, other: Class) -> float:
        """Compute how similar two classes are, from 0 to 1 and a little more for the name."""
        ours, theirs = self.old.find_operations(one.name), self.new.find_operations(other.name)
        if bool(one.members) != bool(other.members) or (ours and theirs and not set(ours) & set(theirs)):
            return 0
        content: list[set[object]] = [
            {*found.members.values()}
            or {(field.name, re.sub(r"\b[A-Z]\w+", "?", field.type)) for field in found.fields}
            for found in (one, other)
        ]
        together = content[0] | content[1]
        alike = len(content[0] & content[1]) / len(together) if together else 1.0
        if alike < _MIN_SIMILARITY:
            return 0
        return alike + difflib.SequenceMatcher(None, one.name, other.name).ratio() / 10

    def _rename_types(self, types: str) -> str:
        """Replace the names of renamed classes in a type of the old package by the new names."""
        text = re.sub(r"\w+", lambda found: self.renamed.get(found[0], found[0]), types)
        return " | ".join(sorted(split_union(text)))

    def _compare_classes(self) -> Iterator[Change]:
        for name, old in self.old.classes.items():
            operations = self.old.find_operations(name)
            new = self.new.classes.get(self.renamed.get(name, name))
            if new is None:
                yield _make_change("py-class-removed", name, operations=operations, symbols=[old.symbol])
                continue
            operations = tuple(dict.fromkeys([*operations, *self.new.find_operations(new.name)]))
            if name != new.name:
                symbols = [old.symbol, new.symbol]
                yield _make_change("py-class-renamed", name, name, new.name, operations=operations, symbols=symbols)
            is_sent = new.name in self.new.in_requests or name in self.old.in_requests
            is_received = new.name in self.new.in_responses or name in self.old.in_responses
            yield from self._compare_class(_ClassPair(old, new, operations, is_sent, is_received))
        for name, new in self.new.classes.items():
            if name not in self.old.classes and name not in self.renamed.values():
                operations = self.new.find_operations(name)
                yield _make_change("py-class-added", name, operations=operations, symbols=[new.symbol])

    def _compare_class(self, pair: _ClassPair) -> Iterator[Change]:
        old, new = pair.old, pair.new
        for name, value in old.members.items():
            if value not in new.members.values():
                yield pair.make_change("py-enum-member-removed", old, name, value, None)
        for name, value in new.members.items():
            if value not in old.members.values():
                yield pair.make_change("py-enum-member-added", new, name, None, value)
        old_fields, new_fields = ({field.name: field for field in side.fields} for side in (old, new))
        for name, field in old_fields.items():
            if name in new_fields:
                yield from self._compare_field(pair, field, new_fields[name])
            else:
                yield pair.make_change("py-field-removed", old, name, field.type, None)
        for name, field in new_fields.items():
            if name not in old_fields:
                yield pair.make_change("py-field-added", new, name, None, field.type)
                if field.required and pair.is_sent:
                    yield pair.make_change("py-field-became-required", new, name, None, field.type)
        if self._rename_types(old.others) != new.others:
            kind = "type-changed" if old.others and new.others else "removed" if old.others else "added"
            yield pair.make_change(f"py-field-{kind}", new, "additional_properties", old.others, new.others)
        yield from self._compare_positions(pair, list(old_fields), list(new_fields))

    def _compare_field(self, pair: _ClassPair, before: Field, after: Field) -> Iterator[Change]:
        types = self._rename_types(before.type), after.type
        is_same = remove_unset(types[0]) == remove_unset(types[1])
        if after.required and not before.required:
            guards = () if pair.is_sent else ("responses-only",)
            yield pair.make_change("py-field-became-required", pair.new, after.name, before.type, after.type, *guards)
            if remove_unset(types[0]) == after.type:
                return
        if types[0] != types[1]:
            narrower, wider = is_wider_type(types[0], types[1]), is_wider_type(types[1], types[0])
            accepted = (wider or not pair.is_sent) and (narrower or not pair.is_received)
            if is_same:  # it may be UNSET now
                accepted = not pair.is_received
            guards = ("still-accepted",) if accepted else ()
            yield pair.make_change("py-field-type-changed", pair.new, after.name, *types, *guards)

    def _compare_positions(self, pair: _ClassPair, old: list[str], new: list[str]) -> Iterator[Change]:
        common = [name for name in old if name in new]
        if any(old.index(name) != new.index(name) for name in common):
            is_swapped = common != [name for name in new if name in common]
            guards = ["responses-only"] if not pair.is_sent else [] if is_swapped else ["shifted"]
            symbols = [pair.new.symbol]
            rule, what = "py-field-position-changed", pair.new.name
            yield _make_change(rule, what, old, new, operations=pair.operations, symbols=symbols, guards=guards)


def _compare_generator_notes(old: Package, new: Package) -> Iterator[Change]:
    """Find the parts that the generator newly dropped and the corrections that no longer fit."""
    for dropped in [part for part in new.dropped if part not in old.dropped]:
        operation = re.match(r"operation ([^\s:]+)", dropped)
        operations = _find_operation(new, operation[1] if operation else "")
        yield _make_change("gen-response-dropped", dropped, layer="generator", operations=operations)
    old_notes = {note.partition(": ")[2] for note in old.notes}
    for note in [note for note in new.notes if note.partition(": ")[2] not in old_notes]:
        yield _make_change("gen-correction-unfit", note, layer="generator")


def _find_operation(package: Package, operation_id: str) -> list[str]:
    return [
        f"{method.upper()} {path}"
        for path, item in package.document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and operation.get("operationId") == operation_id
    ]


def _make_change(
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
    level = CLIENT_VIEW.get_level(rule, frozenset(guards))
    return Change(
        id=rule,
        layer="generator" if layer == "generator" else "python",
        level="info" if level == "none" else level,
        message=finding.message,
        operations=tuple(operations),
        before=before,
        after=after,
        symbols=symbols,
        fingerprint=compute_fingerprint(rule, symbols[0] if symbols else _get_subject(what), [before, after]),
    )


def _get_subject(text: str) -> str:
    """Return the part or correction that a note of the generator is about, without the line and the reason."""
    correction = re.search(r"correction '(.+?)'", text)
    return correction[1] if correction else text.partition(":")[0]


def _add_causes(change: Change, wire: Sequence[Change], clients: tuple[GeneratedClient, GeneratedClient]) -> Change:
    """Add to a change the wire changes that caused it and its place in the specs."""
    causes = [other for other in wire if set(other.symbols) & set(change.symbols)]
    if not causes and not change.id.startswith(("py-module", "py-function")):
        causes = [other for other in wire if _is_related(other.symbols, change.symbols)]
    if not causes and change.id.startswith("py-function"):
        causes = [other for other in wire if other.operations == change.operations]
    if not causes and change.id.startswith("py-module"):
        about = ("api-tag", "api-operation-id", "endpoint", "api-path", "api-removed")
        operations = set(change.operations)
        causes = [other for other in wire if operations & set(other.operations) and other.id.startswith(about)]
    old, new = (causes[0].old, causes[0].new) if causes else (None, None)
    if not causes:
        old, new = (_find_place(change, client) for client in clients)
    return attrs.evolve(
        change,
        pointer=old.pointer if old else new.pointer if new else "",
        old=old,
        new=new,
        causes=tuple(other.fingerprint for other in causes),
    )


def _is_related(some: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether a name is part of another one, as a field is of its class."""
    return any(
        f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.") for one in some for other in others
    )


def _find_place(change: Change, client: GeneratedClient) -> Location | None:
    """Find the place of a change in a spec: the component of a class, else the first operation."""
    spec = client.input.spec
    names = {part for symbol in change.symbols for part in symbol.split(".")}
    schemas = spec.document.get("components", {}).get("schemas", {})
    for name in schemas:
        if re.sub(r"[\W_]", "", name) in names and re.sub(r"[\W_]", "", name) in client.surface.classes:
            return locate(spec, f"/components/schemas/{escape(name)}")
    for operation in change.operations:
        method, _, path = operation.partition(" ")
        if method.lower() in spec.document["paths"].get(path, {}):
            return locate(spec, f"/paths/{escape(path)}/{method.lower()}")
    return None


def _format_signature(fields: Sequence[Field], other: Sequence[Field]) -> str | None:
    """Format the parameters that differ from others, as in a signature; None if none differs."""
    parameters = [
        f"{field.name.lstrip('*')}: {field.type}{'' if field.required else ' = UNSET'}"
        for field in fields
        if field not in other
    ]
    return ", ".join(parameters) or None
