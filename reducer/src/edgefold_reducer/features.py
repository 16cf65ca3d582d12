"""From a profile and a time to the model's input row. The only place where floating point appears."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, nan

from .aggregates import aggregate_for
from .aggregates.base import as_quotient
from .canonical import safe_integer
from .errors import ReadOutTooEarly, SpecMismatch
from .field import Value
from .node import AggregateNode, AttributeNode, Default, Node
from .profile import Profile
from .spec import Spec, validate_attributes

Entry = float | str | None


def features(
    spec: Spec, profile: Profile, now_ms: int, attributes: Mapping[str, object] | None = None
) -> dict[str, Entry]:
    """Return the model's input row: a number (float) or string a column, in spec order.

    Has ``len(spec.columns)`` entries. Windows are read at ``now_ms`` (milliseconds since the Unix epoch); exactly the events with
    ``time < now_ms`` count. Missing is the declared default, else NaN, or None for a string.

    Raises:
        ReadOutTooEarly: an event of the profile is not before ``now_ms``.
        InvalidAttribute: an attribute that the spec does not declare, or a wrong value.
        SpecMismatch: the profile was folded by another spec.
    """
    if profile.spec.id != spec.id:
        raise SpecMismatch(profile.spec.id, spec.id)
    now = safe_integer(now_ms)
    if now is None or now < 0 or (profile.last_ms is not None and now <= profile.last_ms):
        raise ReadOutTooEarly(now_ms, profile.last_ms)
    given = validate_attributes(spec, attributes)
    row: dict[str, Entry] = {}
    for feature in spec.features:
        value = _read(feature.node, profile, now, given)
        if isinstance(value, list):
            row |= {f"{feature.name}={key}": n for key, n in zip(feature.node.vocabulary or (), value, strict=True)}
        else:
            row[feature.name] = value
    return row


def _read(node: Node, profile: Profile, now_ms: int, attributes: Mapping[str, Value]) -> Entry | list[float]:
    if isinstance(node, AttributeNode):
        value = attributes.get(node.attribute)
        if value is None or isinstance(value, str):
            return _or_default(value, node.default, node.reads_text)
        return as_quotient(value, 10 ** getattr(node.field, "scale", 0))
    if isinstance(node, AggregateNode):
        aggregate = aggregate_for(node)  # nodes of one hash share a state, but each has its own unit
        state = profile.state.get(node.hash, aggregate.zero())
        read = aggregate.finalize(state, now_ms)
        return read if isinstance(read, list) else _or_default(read, node.default, node.reads_text)
    sides = (_read(side, profile, now_ms, attributes) for side in (node.numerator, node.denominator))
    a, b = (side if isinstance(side, float) else nan for side in sides)
    return _or_default(None if isnan(a) or isnan(b) or b == 0 else a / b, node.default, text=False)


def _or_default(value: Entry, default: Default, text: bool) -> Entry:
    if value is not None:
        return value
    if default is None:
        return None if text else nan
    return default if isinstance(default, str) else float(default) + 0.0  # + 0.0: a -0 becomes the 0 that JSON keeps
