"""Schemas as they count on the wire: references followed, `allOf` merged, the ways to say null and unions made one.

A schema is named by the JSON pointers of the places that hold together for it (its `$ref`'s target, the members of an
`allOf`, a property that two members define); its `Shape` is what these places say as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from ..errors import CodegenError
from ..limits import MAX_COMBINATIONS, MAX_COMBINED_SCHEMAS, MAX_STEPS, LimitError
from ..spec import Json, Spec, build_value_key, escape
from .rules import BOUNDS, CONDITIONS

Places: TypeAlias = tuple[str, ...]
"""JSON pointers of schemas that a value must all satisfy."""

PROSE = frozenset({"title", "description", "example", "examples", "externalDocs", "$comment", "xml"})
"""Keywords that say nothing about a value."""

ALTERNATIVES = ("oneOf", "anyOf")

NAMED_SUBSCHEMAS = ("properties", "patternProperties", "dependentSchemas")
"""Keywords that hold schemas by a name that the author chose."""

BINARY = "application/octet-stream"
"""The media type of bytes: `format: binary` of OpenAPI 3.0 is `contentMediaType` in 3.1."""

_KEYWORDS = frozenset(
    {"properties", "patternProperties", "dependentSchemas", "required", "prefixItems", "items", "enum", "const"}
    | {"additionalProperties", "format", "pattern", "default", "readOnly", "writeOnly", "deprecated", "uniqueItems"}
    | {"discriminator", "dependentRequired", "contentMediaType", "contentEncoding", "multipleOf", "oneOf", "anyOf"}
    | {"dependencies", "additionalItems", "$dynamicRef", "$recursiveRef", "$vocabulary"}
    | {"x-extensible-enum", "x-sunset", "x-stability-level", *CONDITIONS, *BOUNDS}
)
"""Keywords that say something about a value. Any other one says nothing (JSON Schema 2020-12, 4.3.1)."""

_NAMES = frozenset({"$ref", "allOf", "type", "nullable", "$defs", "$id", "$anchor", "$schema", "$dynamicAnchor"})
"""Keywords that name and combine, or that are read apart."""

_FORMAT_KEYWORDS: Mapping[Json, tuple[str, str]] = {
    "binary": ("contentMediaType", BINARY),
    "byte": ("contentEncoding", "base64"),
}
"""Formats of OpenAPI 3.0 that are keywords in 3.1 (OpenAPI 3.1, "Considerations for File Uploads")."""

_FLAGS = ("readOnly", "writeOnly", "deprecated", "uniqueItems")
_KINDS: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
    list: "array",
}
_NUMBERS = frozenset({"integer", "number"})
_LARGEST = frozenset(
    {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains", "multipleOf"}
)
_SMALLEST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"})
_DEPTH = 8
"""How far two schemas are looked into to find out whether they say the same."""


@attrs.define(eq=False)
class Shape:
    """What a schema says of a value, whatever way it is written in."""

    places: Places
    name: str = ""
    """Of the component that it is, "" if it is written in place."""
    kinds: frozenset[str] = frozenset()
    """Types that the value may have beside null; empty for any."""
    nullable: bool = False
    enum: tuple[Json, ...] | None = None
    """The values that may come, null aside; None for any."""
    keywords: dict[str, Json] = attrs.field(factory=dict)
    """Keywords with a value of their own: format, bounds, pattern, default, readOnly, …"""
    prose: dict[str, Json] = attrs.field(factory=dict)
    where: dict[str, str] = attrs.field(factory=dict)
    """JSON pointers of the keywords."""
    required: frozenset[str] = frozenset()
    named: dict[str, dict[str, Places]] = attrs.field(factory=dict)
    """For each of `NAMED_SUBSCHEMAS`, the schemas by name."""
    parts: dict[str, Places] = attrs.field(factory=dict)
    """For `items`, `additionalProperties` and each of `rules.CONDITIONS`, the schema."""
    prefix: tuple[Places, ...] = ()
    union: tuple[Places, ...] = ()
    """The members of `oneOf` or `anyOf`, null aside; none when there is but one."""
    alternatives: tuple[Places, ...] = ()
    """The members of a union that says the same as a type: a lone member, or bare types."""
    union_keyword: str = ""
    more_unions: tuple[tuple[Places, ...], ...] = ()
    """The members of further unions, all of which hold as well."""
    closed: frozenset[str] = frozenset()
    """Those of `additionalProperties` and the like that are false."""

    @property
    def takes_null(self) -> bool:
        """Whether null is one of the values: it is said, or any value is."""
        says_nothing = not (self.kinds or self.union or self.more_unions or "const" in self.keywords)
        return self.nullable or self.kinds == {"null"} or (says_nothing and self.enum is None)

    @property
    def place(self) -> str:
        """The JSON pointer to show for the whole."""
        return self.places[0]

    @property
    def properties(self) -> Mapping[str, Places]:
        """The properties by name."""
        return self.named.get("properties", {})

    def at(self, keyword: str) -> str:
        """The JSON pointer of a keyword, of the whole when it is not there."""
        return self.where.get(keyword, self.place)


@attrs.define(eq=False)
class Side:
    """One of the two documents, with the shapes of its schemas."""

    spec: Spec
    signatures: dict[tuple[Json, ...], int]
    """What the schemas of both documents say, numbered; shared by both, so that equal schemas have equal numbers."""
    _values: dict[str, Json] = attrs.field(factory=dict, init=False)
    _shapes: dict[Places, Shape] = attrs.field(factory=dict, init=False)
    _ends: dict[str, str] = attrs.field(factory=dict, init=False)
    """Where `follow` leads."""
    _said_at: dict[str, str] = attrs.field(factory=dict, init=False)
    """Where `skip_aliases` leads."""
    _steps: int = attrs.field(default=0, init=False)
    _combined: int = attrs.field(default=0, init=False)
    _signed: dict[tuple[Places, int], int] = attrs.field(factory=dict, init=False)

    @property
    def document(self) -> dict[str, Json]:
        """The decoded document."""
        return self.spec.document

    def count(self, steps: int) -> None:
        """Count steps of a comparison: what many operations refer to is looked at once for each.

        Raises:
            LimitError: There are too many.
        """
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise LimitError(f"{self.spec.name}: its operations refer to too much to be compared", "MAX_STEPS")

    def value(self, pointer: str) -> Json:
        """What stands at a JSON pointer."""
        if pointer not in self._values:
            holder, _, key = pointer.rpartition("/")
            above = self._values.get(holder)
            if isinstance(above, dict) and "~" not in key and key in above:
                self._values[pointer] = above[key]
            else:
                self._values[pointer] = self.spec.value(pointer)
        return self._values[pointer]

    def follow(self, pointer: str) -> str:
        """Where the `$ref` at a place leads in the end; the place itself if there is none."""
        trail = []
        while pointer not in self._ends:
            value = self.value(pointer)
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                self._ends[pointer] = pointer
                break
            trail.append(pointer)
            pointer = value["$ref"][1:]
        end = self._ends[pointer]
        self._ends.update(dict.fromkeys(trail, end))
        return end

    def skip_aliases(self, pointer: str) -> str:
        """Where schemas that are nothing but a `$ref` lead: the place of the first one that says more."""
        trail = []
        while pointer not in self._said_at:
            value = self.value(pointer)
            if not (isinstance(value, dict) and value.keys() == {"$ref"} and isinstance(value["$ref"], str)):
                self._said_at[pointer] = pointer
                break
            trail.append(pointer)
            pointer = value["$ref"][1:]
        place = self._said_at[pointer]
        self._said_at.update(dict.fromkeys(trail, place))
        return place

    def mapping(self, pointer: str) -> dict[str, Json]:
        """The mapping at a place, behind its `$ref`; empty when there is nothing."""
        self.count(1)
        value = self.value(pointer)
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            value = self.value(self.follow(pointer))
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise CodegenError(f"{self.spec.place(pointer)}: a mapping is expected here")
        return value

    def shape(self, places: Places) -> Shape:
        """What the schemas at some places say together."""
        shape = self._shapes.get(places)
        if shape is None:
            self._combined += len(places) > 1
            if self._combined > MAX_COMBINATIONS:
                place = self.spec.place(places[0])
                text = "what allOf puts together here combines in too many ways to be compared"
                raise LimitError(f"{place}: {text}", "MAX_COMBINATIONS")
            shape = self._shapes[places] = _Reader(self, Shape(places)).read()
        return shape

    def signature(self, places: Places, depth: int = _DEPTH) -> int:
        """A number that two schemas of either document share if they say the same, as deep as it is looked."""
        key = (places, depth)
        found = self._signed.get(key)
        if found is None:
            shape = self.shape(places)
            inner = [] if depth == 0 else [(label, self.signature(part, depth - 1)) for label, part in children(shape)]
            said = (
                tuple(sorted(shape.kinds)),
                shape.nullable,
                None if shape.enum is None else tuple(sorted(map(repr, shape.enum))),
                tuple(sorted((key, repr(value)) for key, value in shape.keywords.items())),
                tuple(sorted(shape.required)),
                tuple(sorted(shape.closed)),
                tuple(sorted(inner)),
            )
            found = self._signed[key] = self.signatures.setdefault(said, len(self.signatures))
        return found


def children(shape: Shape) -> Iterator[tuple[str, Places]]:
    """The schemas right inside a shape, with what they are in it; the members of a union are in no order."""
    for keyword, by_name in shape.named.items():
        for name, places in by_name.items():
            yield f"{keyword}/{name}", places
    yield from shape.parts.items()
    for index, places in enumerate(shape.prefix):
        yield f"prefixItems/{index}", places
    for places in shape.union:
        yield "union", places
    for index, members in enumerate(shape.more_unions):
        for places in members:
            yield f"union/{index}", places


@attrs.define
class _Reader:
    """Fills a shape from the places that it is made of."""

    side: Side
    shape: Shape
    seen: set[str] = attrs.field(factory=set)
    stated: list[tuple[frozenset[str], bool]] = attrs.field(factory=list)
    """For each place that says so, its types and whether null is one of them."""
    unions: list[tuple[str, list[str]]] = attrs.field(factory=list)

    def read(self) -> Shape:
        shape = self.shape
        beside = shape.places[0]
        if len(shape.places) == 1:
            target = self.side.follow(shape.places[0])
            if target == shape.places[0] or not _counts(self.side.value(shape.places[0])):
                shape.places = (target,)
                self._name(target)
        for place in shape.places:
            self._take(place, outermost=len(shape.places) == 1)
        if beside != shape.places[0]:
            for key, value in self.side.value(beside).items():
                if key in PROSE and value is not None:  # what stands beside a `$ref` is said of this place
                    shape.prose[key], shape.where[key] = value, f"{beside}/{key}"
        self._choose()
        self._settle()
        return shape

    def _name(self, pointer: str) -> None:
        if pointer.startswith("/components/schemas/") and pointer.count("/") == 3:
            self.shape.name = pointer.rpartition("/")[2]

    def _take(self, pointer: str, *, outermost: bool = False) -> None:
        """Add what one schema says, wherever its references lead."""
        pointer = self.side.skip_aliases(pointer)
        if pointer in self.seen:
            return
        self.seen.add(pointer)
        if len(self.seen) > MAX_COMBINED_SCHEMAS:
            place = self.side.spec.place(self.shape.place)
            text = f"allOf and $ref put more than {MAX_COMBINED_SCHEMAS} schemas together here"
            raise LimitError(f"{place}: {text}", "MAX_COMBINED_SCHEMAS")
        schema = self.side.value(pointer)
        if schema is True:
            return
        if schema is False:
            self.shape.parts["not"] = (pointer,)
            return
        if not isinstance(schema, dict):
            raise CodegenError(f"{self.side.spec.place(pointer)}: a schema is expected here, which is a mapping")
        if isinstance(schema.get("$ref"), str):
            self._take(schema["$ref"][1:])
        for index in range(len(self._listing(schema, pointer, "allOf"))):
            self._take(f"{pointer}/allOf/{index}")
        self._types(schema, pointer, outermost=outermost)
        for key, value in schema.items():
            if value is not None or key in ("default", "const"):
                self._keyword(key, value, pointer, schema)

    def _types(self, schema: dict[str, Json], pointer: str, *, outermost: bool) -> None:
        said = schema.get("type")
        kinds = set(said if isinstance(said, list) else [said] if isinstance(said, str) else [])
        nullable = schema.get("nullable") is True or "null" in kinds or ("const" in schema and schema["const"] is None)
        if "type" in schema:
            self.shape.where["type"] = f"{pointer}/type"
            self.stated.append((frozenset(kinds - {"null"}), nullable))
        elif "const" in schema and schema["const"] is None:
            self.stated.append((frozenset(), True))
        if nullable and (outermost or "type" not in schema):
            self.shape.nullable = True
        if nullable:
            self.shape.where["nullable"] = f"{pointer}/{'nullable' if 'nullable' in schema else 'type'}"

    def _keyword(self, key: str, value: Json, pointer: str, schema: dict[str, Json]) -> None:
        shape, here = self.shape, f"{pointer}/{escape(key)}"
        if key in _NAMES or (key == "const" and value is None):
            return
        if key == "pattern" and value == "":
            return  # it matches every text
        if key == "format" and value in _FORMAT_KEYWORDS and schema.get("type", "string") in ("string", ["string"]):
            key, value = _FORMAT_KEYWORDS[value]
        if key in PROSE or key not in _KEYWORDS:
            shape.prose[key] = value
            shape.where[key] = here
            return
        if key in ALTERNATIVES:
            self.unions.append((key, [f"{here}/{index}" for index in range(len(self._listing(value, here)))]))
        elif key in NAMED_SUBSCHEMAS:
            self.side.value(here)  # so that those inside are found from there
            by_name = shape.named.setdefault(key, {})
            for name in self._mapping(value, here):
                by_name[name] = (*by_name.get(name, ()), f"{here}/{escape(name)}")
        elif key == "required":
            shape.required |= {name for name in self._listing(value, here) if isinstance(name, str)}
        elif key == "prefixItems":
            shape.prefix = tuple((f"{here}/{index}",) for index in range(len(self._listing(value, here))))
        elif key in ("items", "additionalProperties", *CONDITIONS):
            if value is False:
                shape.closed |= {key}
            elif isinstance(value, dict) and (value or key == "items"):
                shape.parts[key] = (*shape.parts.get(key, ()), here)
            elif value is not True and value != {}:
                raise CodegenError(f"{self.side.spec.place(here)}: a schema is expected here, which is a mapping")
        elif key == "enum":
            values = tuple(self._listing(value, here))
            if shape.enum is not None:
                known = set(map(build_value_key, shape.enum))
                values = tuple(item for item in values if build_value_key(item) in known)
            shape.enum = values
        elif key in shape.keywords and key in _LARGEST | _SMALLEST and _is_number(value, shape.keywords[key]):
            chosen = max if key in _LARGEST else min
            shape.keywords[key] = chosen(value, shape.keywords[key])
        elif key == "pattern" and shape.keywords.get(key, value) != value:
            shape.keywords[key] = " and ".join(sorted({*shape.keywords[key].split(" and "), value}))
        elif not (key in _FLAGS and shape.keywords.get(key) is True):
            shape.keywords[key] = value
        shape.where[key] = here

    def _choose(self) -> None:
        """Take what unions say: null out of them, a lone member as what holds, bare types as types."""
        while self.unions:
            keyword, members = self.unions.pop(0)
            members = self._flatten_union(members)
            rest = [member for member in members if not self._is_null(member)]
            if len(rest) < len(members) or any(self._admits_null(member) for member in rest):
                self.shape.nullable = True
                self.shape.where.setdefault("nullable", members[0].rpartition("/")[0])
            if not rest and members:
                self.stated.append((frozenset(), True))
            elif len(rest) == 1:
                if self._says_only_union():
                    self.shape.alternatives = ((rest[0],),)
                kept = self.shape.nullable
                self._take(rest[0], outermost=True)
                self.shape.nullable = self.shape.nullable or kept
                if len(self.shape.places) == 1 and not self.shape.properties and not self.shape.name:
                    self._name(self.side.follow(rest[0]))
            elif rest and all(self._is_bare_type(member) for member in rest):
                kinds = frozenset(self.side.value(self.side.follow(member))["type"] for member in rest)
                self.stated.append((kinds, False))
                if self._says_only_union():
                    self.shape.alternatives = tuple((member,) for member in rest)
                self.shape.where["type"] = self.shape.where[keyword]
            elif rest and not self.shape.union:
                self.shape.union = tuple((member,) for member in rest)
                self.shape.union_keyword = keyword
            elif rest:
                self.shape.more_unions = (*self.shape.more_unions, tuple((member,) for member in rest))

    def _says_only_union(self) -> bool:
        """Whether a schema is a union and nothing else, so that it can be compared with another union."""
        said = {key for place in self.seen for key in self.side.value(place) if key not in PROSE}
        return said <= {"oneOf", "anyOf", "discriminator", "nullable", "$ref"} and len(self.unions) == 0

    def _settle(self) -> None:
        shape = self.shape
        for kinds, _ in self.stated:
            if kinds:
                shape.kinds = _common(shape.kinds, kinds) if shape.kinds else kinds
        if self.stated and all(nullable for _, nullable in self.stated):
            shape.nullable = True
        if shape.enum is not None:
            if None in shape.enum:
                shape.nullable = True
            shape.enum = tuple(value for value in shape.enum if value is not None)
        only_null = any(not kinds and nullable for kinds, nullable in self.stated) or shape.enum == ()
        if shape.nullable and only_null and not shape.kinds and not shape.union:
            shape.kinds, shape.enum = frozenset({"null"}), None
        if shape.kinds <= _NUMBERS and len(shape.kinds) == 2:
            shape.kinds = frozenset({"number"})
        if not shape.kinds and (shape.enum or "const" in shape.keywords):
            values = shape.enum or (shape.keywords["const"],)
            shape.kinds = frozenset(_kind(value) for value in values if type(value) in _KINDS)
        if not shape.kinds and not shape.union:
            if shape.properties:
                shape.kinds = frozenset({"object"})
            elif "items" in shape.parts:
                shape.kinds = frozenset({"array"})
        for flag in _FLAGS:
            if shape.keywords.get(flag) is False:
                del shape.keywords[flag]
        for bound in ("exclusiveMinimum", "exclusiveMaximum"):
            self._exclusive(bound)

    def _exclusive(self, bound: str) -> None:
        """Write 3.0's `exclusiveMinimum: true` beside a `minimum` as 3.1 writes it."""
        value = self.shape.keywords.get(bound)
        if isinstance(value, bool):
            del self.shape.keywords[bound]
            plain = "minimum" if bound == "exclusiveMinimum" else "maximum"
            if value and plain in self.shape.keywords:
                self.shape.keywords[bound] = self.shape.keywords.pop(plain)

    def _flatten_union(self, members: list[str]) -> list[str]:
        """The members of a union, with those of a member that is itself a union in its place, each union once."""
        flat: list[str] = []
        opened: set[str] = set()
        todo = members[::-1]
        while todo:
            pointer = todo.pop()
            place = self.side.follow(pointer)
            schema = self.side.value(place)
            said = {key for key in schema if key not in PROSE} if isinstance(schema, dict) else set()
            if len(said) == 1 and said <= {*ALTERNATIVES}:
                if place not in opened:
                    opened.add(place)
                    key = said.pop()
                    count = len(self._listing(schema, place, key))
                    todo += [f"{place}/{key}/{index}" for index in reversed(range(count))]
            else:
                flat.append(pointer)
        return flat

    def _admits_null(self, pointer: str) -> bool:
        schema = self.side.value(self.side.follow(pointer))
        if not isinstance(schema, dict):
            return False
        said = schema.get("type")
        return schema.get("nullable") is True or (isinstance(said, list) and "null" in said)

    def _is_null(self, pointer: str) -> bool:
        schema = self.side.value(self.side.follow(pointer))
        return isinstance(schema, dict) and (
            schema.get("type") in ("null", ["null"]) or schema.get("enum") == [None] or schema.get("const", 0) is None
        )

    def _is_bare_type(self, pointer: str) -> bool:
        if self.side.follow(pointer) != pointer:
            return False
        schema = self.side.value(pointer)
        said = {key for key in schema if key not in PROSE} if isinstance(schema, dict) else set()
        return said == {"type"} and isinstance(schema["type"], str)

    def _listing(self, holder: Json, pointer: str, key: str = "") -> list[Json]:
        value = holder.get(key) if key else holder
        if value is None:
            return []
        if not isinstance(value, list):
            place = self.side.spec.place(f"{pointer}/{key}" if key else pointer)
            raise CodegenError(f"{place}: a list is expected here")
        return value

    def _mapping(self, value: Json, pointer: str) -> dict[str, Json]:
        if not isinstance(value, dict):
            raise CodegenError(f"{self.side.spec.place(pointer)}: a mapping is expected here")
        return value


def _counts(schema: Json) -> bool:
    """Whether something beside a `$ref` says something about the value."""
    return any(key != "$ref" and key not in PROSE and not key.startswith("x-") for key in schema)


def _kind(value: Json) -> str:
    """The type of a value in JSON Schema, where 1.0 is an integer."""
    return "integer" if isinstance(value, float) and value.is_integer() else _KINDS[type(value)]


def _common(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    both = one & other
    if "integer" in one | other and "number" in one | other:
        both |= {"integer"}
    return both or other


def _is_number(*values: Json) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
