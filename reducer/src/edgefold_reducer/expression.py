"""Predicates and values: a closed expression tree over the fields of one event type.

Written in Python with operators (``order.amount >= 20``), kept as JSON, evaluated on exact integers, booleans and strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal as Digits
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from .canonical import MAX_SAFE_INTEGER, plain, safe_integer
from .errors import InvalidSpec, listed
from .expression_text import expression_text
from .field import Boolean, Enum, Field, String, as_spec_value, is_well_formed

if TYPE_CHECKING:
    from .event import EventType

MAX_SCALE = 15
ARITHMETIC = ("add", "subtract", "multiply")
EQUALITY = ("equal", "not_equal")
ORDERING = ("less", "less_or_equal", "greater", "greater_or_equal")
LOGIC = ("and", "or")


@dataclass(frozen=True)
class Number:
    """The type of an integer that stands for itself divided by 10^scale."""

    scale: int


@dataclass(frozen=True)
class Text:
    """The type of a string; ``values`` where it is an enum's."""

    values: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Truth:
    """The type of a boolean."""


Type = Number | Text | Truth
_TYPE_NAMES = {Number: "number", Text: "string", Truth: "boolean"}


@dataclass(frozen=True, eq=False)
class Expression:
    """A node: an operator, its operands, and the type of its result. ``event`` is None for a literal alone."""

    operator: str
    operands: tuple[Any, ...]
    type: Type
    event: EventType | None

    __array_ufunc__: ClassVar[None] = None
    """So that numpy leaves ``np.float64(2) * order.amount`` to the node."""

    def __add__(self, other: object) -> Expression:
        return _combine("add", self, other)

    def __radd__(self, other: object) -> Expression:
        return _combine("add", other, self)

    def __sub__(self, other: object) -> Expression:
        return _combine("subtract", self, other)

    def __rsub__(self, other: object) -> Expression:
        return _combine("subtract", other, self)

    def __mul__(self, other: object) -> Expression:
        return _combine("multiply", self, other)

    def __rmul__(self, other: object) -> Expression:
        return _combine("multiply", other, self)

    def __neg__(self) -> Expression:
        return _combine("subtract", 0, self)

    def _undivided(self, other: object) -> NoReturn:
        raise InvalidSpec("a division", self, "none: a spec has exact integers only; divide read-outs, ratio(…, …)")

    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _undivided

    def __mod__(self, other: object) -> NoReturn:
        raise InvalidSpec("a remainder", self, "+, - and *: there is no % in a spec")

    def __pow__(self, other: object) -> NoReturn:
        raise InvalidSpec("a power", self, f"a product: {self!r} * {self!r}")

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]  # an operator of the tree
        return _combine("equal", self, other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]  # an operator of the tree
        return _combine("not_equal", self, other)

    def __lt__(self, other: object) -> Expression:
        return _combine("less", self, other)

    def __le__(self, other: object) -> Expression:
        return _combine("less_or_equal", self, other)

    def __gt__(self, other: object) -> Expression:
        return _combine("greater", self, other)

    def __ge__(self, other: object) -> Expression:
        return _combine("greater_or_equal", self, other)

    def __and__(self, other: object) -> Expression:
        return node("and", self, as_expression(other))

    def __or__(self, other: object) -> Expression:
        return node("or", self, as_expression(other))

    def __invert__(self) -> Expression:
        return node("not", self)

    def is_in(self, values: Iterable[Any]) -> Expression:
        """Whether the value is one of a list."""
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise InvalidSpec("the values of is_in", values, f"a list of them: is_in([{values!r}])")
        if isinstance(values, Set):
            raise InvalidSpec("the values of is_in", values, "a list, whose order is the same in every run: sorted(…)")
        literals = [as_expression(value) for value in values]
        for value, literal in zip(values, literals, strict=True):
            if literal.operator != "literal":
                raise InvalidSpec("a value of is_in", value, "values; compare fields by == and join these by |")
        if isinstance(self.type, Number):
            widest = max([self.type.scale, *(v.type.scale for v in literals if isinstance(v.type, Number))])
            widened = [_rescaled(literal, widest) for literal in literals]
            return node("in", _rescaled(self, widest), tuple(literal.operands[0] for literal in widened))
        return node("in", self, tuple(literal.operands[0] for literal in literals))

    def is_missing(self) -> Expression:
        """Whether an optional field is not there."""
        return node("is_missing", self)

    def __bool__(self) -> NoReturn:
        raise InvalidSpec(
            "a predicate",
            self,
            "no truth value while the spec is built: write & for and, | for or, ~ for not, (0 < x) & (x < 5) for a chain",
        )

    __hash__ = None  # type: ignore[assignment]  # == builds a node, so it can't be a key

    def __repr__(self) -> str:
        return expression_text(self)

    def to_json(self) -> dict[str, Any]:
        """Return the node as JSON."""
        if self.operator == "field":
            return {"field": self.operands[0]}
        if self.operator == "literal":
            scale = self.type.scale if isinstance(self.type, Number) else 0
            return {"literal": self.operands[0]} | ({"scale": scale} if scale else {})
        if self.operator == "in":
            return {"in": [self.operands[0].to_json(), list(self.operands[1])]}
        operands = [operand.to_json() for operand in self.operands]
        return {self.operator: operands[0] if self.operator in ("not", "is_missing") else operands}

    def nodes(self) -> Iterator[Expression]:
        """Yield this node and all below it."""
        yield self
        for operand in self.operands:
            if isinstance(operand, Expression):
                yield from operand.nodes()

    def field_names(self) -> set[str]:
        """Return the names of the fields that it reads."""
        return {node.operands[0] for node in self.nodes() if node.operator == "field"}


def field_expression(event: EventType, name: str, field: Field) -> Expression:
    """Return the node that reads a field of an event type."""
    kind: Type
    if isinstance(field, Enum):
        kind = Text(field.values)
    elif isinstance(field, String):
        kind = Text()
    elif isinstance(field, Boolean):
        kind = Truth()
    else:
        kind = Number(field.scale)
    return Expression("field", (name,), kind, event)


def as_expression(value: object) -> Expression:
    """Return value where it is an expression already, else the literal of it."""
    if isinstance(value, Expression):
        return value
    value = plain(value)
    if value is None or value != value:  # noqa: PLR0124  # NaN
        raise InvalidSpec("a literal", value, "a value; whether an optional field is there is asked by is_missing()")
    if isinstance(value, float) and not value.is_integer():
        digits = Digits(repr(value)).as_tuple()  # the shortest decimal that reads back as this double
        if not isinstance(digits.exponent, int):
            raise InvalidSpec("a literal", value, "a finite number")
        magnitude = int("".join(map(str, digits.digits)))
        return _literal(-magnitude if digits.sign else magnitude, -digits.exponent)
    return _literal(as_spec_value(value), 0)


def _literal(value: object, scale: int) -> Expression:
    if type(value) is bool:
        return Expression("literal", (value,), Truth(), None)
    if type(value) is int and abs(value) <= MAX_SAFE_INTEGER and 0 <= scale <= MAX_SCALE:
        return Expression("literal", (value,), Number(scale), None)
    if isinstance(value, str) and is_well_formed(value):
        return Expression("literal", (value,), Text(), None)
    raise InvalidSpec("a literal", value, f"a boolean, a string, or a number |n| < 2^53 of at most {MAX_SCALE} digits")


def _rescaled(expression: Expression, scale: int) -> Expression:
    if not isinstance(expression.type, Number) or expression.type.scale == scale:
        return expression
    step = scale - expression.type.scale
    if expression.operator == "literal":
        return _literal(expression.operands[0] * 10**step, scale)
    return node("multiply", expression, _literal(10**step, step))


def _combine(operator: str, left: object, right: object) -> Expression:
    a, b = as_expression(left), as_expression(right)
    if operator != "multiply" and isinstance(a.type, Number) and isinstance(b.type, Number):
        widest = max(a.type.scale, b.type.scale)
        a, b = _rescaled(a, widest), _rescaled(b, widest)
    return node(operator, a, b)


def node(operator: str, *operands: Any) -> Expression:
    """Return a node whose operands' types fit the operator, else raise InvalidSpec."""
    parts = [operand for operand in operands if isinstance(operand, Expression)]
    events = {part.event for part in parts if part.event is not None}
    if len(events) > 1:
        raise InvalidSpec(operator, list(events), "fields of one event type")
    return Expression(operator, operands, _result_type(operator, operands), next(iter(events), None))


def _result_type(operator: str, operands: tuple[Any, ...]) -> Type:
    first = operands[0].type
    if operator == "is_missing":
        return Truth()
    if operator in ("and", "or", "not"):
        for operand in operands:
            if operand.type != Truth():
                raise InvalidSpec(
                    f"an operand of {operator}",
                    operand,
                    "a predicate, each comparison in parentheses: (x > 1) & (y < 2)",
                )
        return Truth()
    if operator == "in":
        if not operands[1]:
            raise InvalidSpec("the list of in", [], "at least one value")
        for value in operands[1]:
            scale = first.scale if isinstance(first, Number) else 0
            _check_same_type(operator, operands[0], _literal(value, scale))
        return Truth()
    second = operands[1].type
    if operator in EQUALITY:
        _check_same_type(operator, operands[0], operands[1])
        return Truth()
    if not isinstance(first, Number) or not isinstance(second, Number):
        wrong = operands[1] if isinstance(first, Number) else operands[0]
        raise InvalidSpec(f"an operand of {operator}", wrong, "a number")
    if operator == "multiply":
        if first.scale + second.scale > MAX_SCALE:
            raise InvalidSpec("the scale of a product", first.scale + second.scale, f"at most {MAX_SCALE}")
        return Number(first.scale + second.scale)
    _check_same_type(operator, operands[0], operands[1])
    return Truth() if operator in ORDERING else first


def _check_same_type(operator: str, left: Expression, right: Expression) -> None:
    if type(left.type) is not type(right.type):
        raise InvalidSpec(f"an operand of {operator}", right, f"a {_TYPE_NAMES[type(left.type)]}, as {left!r} is")
    if isinstance(left.type, Number) and left.type != right.type:
        raise InvalidSpec(f"an operand of {operator}", right, f"the scale of {left!r}")
    for typed, other in ((left, right), (right, left)):
        values = typed.type.values if isinstance(typed.type, Text) else None
        if values is not None and other.operator == "literal" and other.operands[0] not in values:
            raise InvalidSpec(
                f"an operand of {operator}", other.operands[0], f"one of {listed(values, other.operands[0])}"
            )


def parse_expression(where: str, value: object, event: EventType, fields: Mapping[str, Field]) -> Expression:
    """Build an expression over the fields of an event type from its JSON."""
    members = set(value) if isinstance(value, dict) else set()
    if (
        not isinstance(value, dict)
        or len(members - {"scale"}) != 1
        or ("scale" in members and "literal" not in members)
    ):
        raise InvalidSpec(where, value, "an object with one operator")
    operator = next(iter(members - {"scale"}))
    operand = value[operator]
    if operator == "field":
        if not isinstance(operand, str) or operand not in fields:
            raise InvalidSpec(where, operand, f"a field of the event: {listed(fields, operand)}")
        return field_expression(event, operand, fields[operand])
    if operator == "literal":
        scale = safe_integer(value.get("scale", 0))
        if scale is None or (scale and type(operand) not in (int, float)) or ("scale" in value and not scale):
            raise InvalidSpec(f"{where}.scale", value["scale"], f"an integer of 1 .. {MAX_SCALE}, on a number only")
        return _literal(as_spec_value(operand), scale)
    if operator in ("not", "is_missing"):
        return node(operator, parse_expression(where, operand, event, fields))
    if operator not in (*ARITHMETIC, *EQUALITY, *ORDERING, *LOGIC, "in"):
        raise InvalidSpec(where, operator, "an operator of SEMANTICS.md")
    if not isinstance(operand, list) or len(operand) != 2:
        raise InvalidSpec(where, operand, f"two operands of {operator}")
    first = parse_expression(where, operand[0], event, fields)
    if operator == "in":
        if not isinstance(operand[1], list):
            raise InvalidSpec(where, operand[1], "a list of values")
        return node("in", first, tuple(as_spec_value(item) for item in operand[1]))
    return node(operator, first, parse_expression(where, operand[1], event, fields))
