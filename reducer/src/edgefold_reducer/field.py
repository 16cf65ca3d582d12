"""The types of a field: what each accepts, and the exact value it is kept as."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .canonical import MAX_SAFE_INTEGER, plain, safe_integer
from .errors import InvalidSpec

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
OTHER_KEY = "__other__"
RESERVED = ("subject", "time", "seq", "replica")
MAX_DECIMAL_SCALE = 12
MAX_STRING_CODE_POINTS = 1_024
MAX_VOCABULARY = 256
MAX_KEY_CODE_POINTS = 64

Value = int | str | bool
"""A field's value as it is kept: a decimal is its integer, everything else itself."""


SHOWN_VALUES = 6
"""How many values of an enum a message shows."""


class Refused(ValueError):
    """A value that a field does not accept; the message says what was expected."""


@dataclass(frozen=True)
class Integer:
    """An integer, |n| < 2^53."""

    optional: bool = False
    scale = 0

    def accept(self, value: object) -> int:
        number = safe_integer(value)
        if number is None:
            raise Refused("an integer, |n| < 2^53")
        return number

    def to_json(self) -> dict[str, Any]:
        return _with_optional({"type": "integer"}, self.optional)

    def __repr__(self) -> str:
        return _written("integer", optional=self.optional)


@dataclass(frozen=True)
class Decimal:
    """A number kept as the integer ``floor(x * 10^scale + 0.5)``, |n| < 2^53."""

    scale: int
    optional: bool = False

    def accept(self, value: object) -> int:
        if type(value) is not float and type(value) is not int:
            value = plain(value)
            if type(value) is not float and type(value) is not int:
                raise Refused(f"a finite number with |x| * 10^{self.scale} < 2^53")
        if abs(value) <= MAX_SAFE_INTEGER:  # False for NaN
            quantity = math.floor(float(value) * float(10**self.scale) + 0.5)
            if abs(quantity) <= MAX_SAFE_INTEGER:
                return quantity
        raise Refused(f"a finite number with |x| * 10^{self.scale} < 2^53")

    def to_json(self) -> dict[str, Any]:
        return _with_optional({"type": "decimal", "scale": self.scale}, self.optional)

    def __repr__(self) -> str:
        return _written("decimal", self.scale, optional=self.optional)


@dataclass(frozen=True)
class Boolean:
    """True or false."""

    optional: bool = False

    def accept(self, value: object) -> bool:
        if type(value) is not bool:
            value = plain(value)
            if type(value) is not bool:
                raise Refused("true or false")
        return value

    def to_json(self) -> dict[str, Any]:
        return _with_optional({"type": "boolean"}, self.optional)

    def __repr__(self) -> str:
        return _written("boolean", optional=self.optional)


@dataclass(frozen=True)
class Enum:
    """One of a closed list of strings."""

    values: tuple[str, ...]
    optional: bool = False

    def accept(self, value: object) -> str:
        if type(value) is not str:
            value = plain(value)
        if type(value) is not str or value not in self.values:
            raise Refused(f"one of {', '.join(self.values)}")
        return value

    def to_json(self) -> dict[str, Any]:
        return _with_optional({"type": "enum", "values": list(self.values)}, self.optional)

    def __repr__(self) -> str:
        return _written("enum", *self.values, optional=self.optional)


@dataclass(frozen=True)
class String:
    """A string of at most ``max`` code points, without lone surrogates."""

    max: int
    optional: bool = False

    def accept(self, value: object) -> str:
        if type(value) is not str:
            value = plain(value)
        if type(value) is not str or len(value) > self.max or not is_well_formed(value):
            raise Refused(f"a string of at most {self.max} code points, without lone surrogates")
        return value

    def to_json(self) -> dict[str, Any]:
        return _with_optional({"type": "string", "max": self.max}, self.optional)

    def __repr__(self) -> str:
        return _written("string", self.max, optional=self.optional)


Field = Integer | Decimal | Boolean | Enum | String
FIELD_EXPECTED = "integer(), decimal(2), boolean(), enum('a', 'b') or string(20)"


def integer(*, optional: bool = False) -> Integer:
    """Declare an integer field, |n| < 2^53."""
    return Integer(optional)


def decimal(scale: int, *, optional: bool = False) -> Decimal:
    """Declare a decimal field, quantised once to ``scale`` digits after the point (0 to 12)."""
    scale = plain(scale)
    if type(scale) is not int or not 0 <= scale <= MAX_DECIMAL_SCALE:
        raise InvalidSpec("the scale of a decimal", scale, f"an integer of 0 .. {MAX_DECIMAL_SCALE}")
    return Decimal(scale, optional)


def boolean(*, optional: bool = False) -> Boolean:
    """Declare a field that is true or false."""
    return Boolean(optional)


def enum(*values: str, optional: bool = False) -> Enum:
    """Declare a field that is one of the given strings (1 to 256 of 1 to 64 code points)."""
    given: list[Any] = [plain(value) for value in values]
    if len(given) == 1 and isinstance(given[0], Iterable) and not isinstance(given[0], str):
        inside = given[0]
        raise InvalidSpec(
            "the value of an enum", inside, f"strings, without the {type(inside).__name__}: {_written('enum', *inside)}"
        )
    numbers = [value for value in given if type(value) in (int, float, bool)]
    if numbers:
        written = _written("enum", *map(str, given))
        raise InvalidSpec("a value of an enum", numbers[0], f"a string, in the spec as in the events: {written}")
    check_vocabulary("the values of an enum", given)
    return Enum(tuple(given), optional)


def string(max: int, *, optional: bool = False) -> String:
    """Declare a string field of at most ``max`` code points (1 to 1,024)."""
    max = plain(max)
    if type(max) is not int or not 1 <= max <= MAX_STRING_CODE_POINTS:
        raise InvalidSpec("the max of a string", max, f"an integer of 1 .. {MAX_STRING_CODE_POINTS}")
    return String(max, optional)


def parse_field(where: str, value: object) -> Field:
    """Build a field from its JSON; ``where`` names it in an error."""
    makers: dict[str, tuple[str | None, Callable[..., Field]]] = {
        "integer": (None, Integer),
        "decimal": ("scale", decimal),
        "boolean": (None, Boolean),
        "enum": ("values", lambda values, optional: enum(*values, optional=optional)),
        "string": ("max", string),
    }
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in makers:
        raise InvalidSpec(where, value, f"an object whose type is one of {', '.join(makers)}")
    member, make = makers[kind]
    members = {"type"} | ({member} if member else set())
    if not members <= value.keys() <= members | {"optional"}:
        raise InvalidSpec(where, value, f"the members {', '.join(sorted(members))} and perhaps optional")
    if "optional" in value and value["optional"] is not True:
        raise InvalidSpec(f"{where}.optional", value["optional"], "true, or no such member")
    argument = {member: as_spec_value(value[member])} if member else {}
    if member == "values" and not isinstance(value["values"], list):
        raise InvalidSpec(f"{where}.values", value["values"], "a list of strings")
    return make(**argument, optional="optional" in value)


def as_spec_value(value: Any) -> Any:
    """Return an integral JSON number as an int, anything else as it is."""
    return value if safe_integer(value) is None else safe_integer(value)


def check_name(what: str, name: object) -> str:
    """Return name where it is one that every language and file can use, else raise InvalidSpec."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidSpec(what, name, "a letter, then up to 63 letters, digits or _")
    return name


def check_field_name(what: str, name: object) -> str:
    """Return name where it is one of a field or attribute, none of what a table of events calls its own, else raise InvalidSpec."""
    if check_name(what, name) in RESERVED:
        raise InvalidSpec(
            what, name, f"another name than {', '.join(RESERVED)}, which tables have for what an event is of: rename it"
        )
    return str(name)


def check_vocabulary(what: str, values: object) -> None:
    """Raise InvalidSpec unless values are distinct strings that can be keys of a state."""
    expected = f"1 to {MAX_VOCABULARY} distinct strings of 1 to {MAX_KEY_CODE_POINTS} code points, none {OTHER_KEY}"
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= MAX_VOCABULARY:
        raise InvalidSpec(what, values, expected)
    for value in values:
        if value == OTHER_KEY or not is_key(value):
            raise InvalidSpec(what, value, expected)
    if len(set(values)) != len(values):
        raise InvalidSpec(what, values, expected)


def is_key(value: object) -> bool:
    """Whether value may be a key of a state, in this vocabulary or another's."""
    return isinstance(value, str) and 1 <= len(value) <= MAX_KEY_CODE_POINTS and is_well_formed(value)


def is_well_formed(text: str) -> bool:
    """Whether text has no lone surrogate, so that it is the same string in UTF-8 and UTF-16."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _with_optional(members: dict[str, Any], optional: bool) -> dict[str, Any]:
    return members | {"optional": True} if optional else members


def _written(function: str, *arguments: object, optional: bool = False) -> str:
    """Return the call that declares a field, as one would type it."""
    shown = [repr(argument) for argument in arguments[:SHOWN_VALUES]]
    if len(arguments) > SHOWN_VALUES:
        shown.append(f"… {len(arguments) - SHOWN_VALUES} more")
    return f"{function}({', '.join([*shown, 'optional=True'] if optional else shown)})"


def advice(name: str, field: Field, value: object) -> str:
    """Return what to do about a value that a field refuses."""
    nothing = isinstance(value, float) and math.isnan(value)
    absent = value is None or nothing or type(value).__name__ in ("NAType", "NaTType")
    if absent and not field.optional:
        return f"If it can be missing, declare it with optional=True: {name}={replace(field, optional=True)!r}."
    if absent:
        return "Give None where it is missing, or leave it out."
    kind, given = type(field), type(value)
    if given is str and kind in (Integer, Decimal):
        return f"Make it a number first: {'int' if kind is Integer else 'float'}({name})."
    if given in (int, float) and kind in (Enum, String):
        return f"Make it a string first: str({name})."
    return "Correct it, or declare it in the spec."
