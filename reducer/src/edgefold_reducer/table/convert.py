"""Columns of any Arrow type as exact ones: 64-bit integers, booleans and UTF-8. The same rules as a field's ``accept``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..canonical import MAX_SAFE_INTEGER

Refused = npt.NDArray[np.bool_]
Converted = tuple[pa.Array, Refused]
"""The exact column, null where a row is refused or missing, and which rows are refused."""


def decoded(type: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column that is coded as a dictionary or in runs."""
    while pa.types.is_dictionary(type) or pa.types.is_run_end_encoded(type):
        type = type.value_type
    return type


def decode(array: pa.Array) -> pa.Array:
    """Return a column that is coded as a dictionary or in runs as its values."""
    while array.type != decoded(array.type):
        array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else pc.run_end_decode(array)
    return array.cast(pa.string()) if pa.types.is_string_view(array.type) else array  # few functions take views


def is_number(type: pa.DataType) -> bool:
    """Whether values are integers, floats or decimals."""
    return bool(pa.types.is_integer(type) or pa.types.is_floating(type) or pa.types.is_decimal(type))


def is_text(type: pa.DataType) -> bool:
    """Whether values are strings."""
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))


def is_boolean(type: pa.DataType) -> bool:
    """Whether values are booleans, as bits or as Arrow's extension type of bytes."""
    return pa.types.is_boolean(type) or isinstance(type, pa.Bool8Type)


def is_uuid(type: pa.DataType) -> bool:
    """Whether values are Arrow's extension type of UUIDs."""
    return isinstance(type, pa.UuidType)


def whole_numbers(array: pa.Array, low: int = -MAX_SAFE_INTEGER) -> Converted:
    """Return integers of ``low`` .. 2^53 - 1; a float is one where it has no fraction."""
    missing = _missing(array)
    if pa.types.is_integer(array.type):
        given = array.fill_null(0).to_numpy(zero_copy_only=False)
        refused = (given < low) | (given > MAX_SAFE_INTEGER)
    else:
        given = _doubles(array)
        with np.errstate(invalid="ignore"):
            refused = ~(np.isfinite(given) & (np.floor(given) == given) & (given >= low) & (given <= MAX_SAFE_INTEGER))
    refused &= ~missing
    return _integers(given, refused, missing), refused


def decimals(array: pa.Array, scale: int) -> Converted:
    """Return ``floor(x * 10^scale + 0.5)``, in binary64."""
    missing = _missing(array)
    with np.errstate(invalid="ignore", over="ignore"):
        quantity = np.floor(_doubles(array) * float(10**scale) + 0.5)
        refused = ~(np.abs(quantity) <= MAX_SAFE_INTEGER) & ~missing
    return _integers(quantity, refused, missing), refused


def booleans(array: pa.Array) -> Converted:
    """Return booleans."""
    return array.cast(pa.bool_()), np.zeros(len(array), np.bool_)


def texts(array: pa.Array, fits: Callable[[pa.Array], pa.Array]) -> Converted:
    """Return strings in UTF-8, of which those count that ``fits`` says true of."""
    text = array.cast(pa.string())
    broken = np.zeros(len(array), np.bool_)
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        text, broken = _well_formed(text)
    unfit = pc.and_(pc.invert(fits(text)), text.is_valid()).fill_null(False)
    return text, broken | unfit.to_numpy(zero_copy_only=False)


def uuids(array: pa.Array) -> pa.Array:
    """Return UUIDs as text: lower-case hex digits in groups of 8, 4, 4, 4 and 12."""
    codes = np.frombuffer(b"".join(raw or bytes(16) for raw in array.storage.to_pylist()), np.uint8).reshape(-1, 16)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    text = np.full((len(array), 36), ord("-"), np.uint8)
    places = [place for place in range(36) if place not in (8, 13, 18, 23)]
    text[:, places[0::2]], text[:, places[1::2]] = digits[codes >> 4], digits[codes & 15]
    return pa.array(text.view("S36").ravel().astype(str), pa.string(), mask=_missing(array))


def _missing(array: pa.Array) -> Refused:
    missing: Refused = array.is_null().to_numpy(zero_copy_only=False)
    return missing


def _doubles(array: pa.Array) -> npt.NDArray[np.float64]:
    """Return numbers as their nearest doubles: Arrow's own cast of a decimal is not always the nearest, its parser is."""
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.string())
    doubles: npt.NDArray[np.float64] = array.cast(pa.float64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
    return doubles


def _integers(numbers: npt.NDArray[np.generic], refused: Refused, missing: Refused) -> pa.Array:
    return pa.array(np.where(refused, 0, numbers).astype(np.int64), mask=refused | missing)


def _well_formed(text: pa.Array) -> Converted:
    """Return text without what is no UTF-8, which Arrow does not check when it reads a file."""
    kept: list[str | None] = []
    broken = np.zeros(len(text), np.bool_)
    for row, raw in enumerate(text.cast(pa.binary()).to_pylist()):
        try:
            kept.append(None if raw is None else raw.decode())
        except UnicodeDecodeError:
            kept.append(None)
            broken[row] = True
    return pa.array(kept, pa.string()), broken
