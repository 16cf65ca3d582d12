"""Request bodies: bounded as sent and as decompressed, then parsed strictly."""

from __future__ import annotations

import json
import zlib
from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from .errors import BodyTooLarge, InvalidRequest, UnsupportedEncoding

MAX_BODY_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_MEMBERS = 65_536
"""Members of all objects of a body together."""
_GZIP = 16 + zlib.MAX_WBITS


def read_json(request: Request) -> Any:
    """Return the JSON of a request's body.

    Raises:
        BodyTooLarge: over 1 MiB, as sent or decompressed.
        UnsupportedEncoding: compressed by another method than gzip.
        InvalidRequest: not UTF-8, not JSON, a member given twice, or over the limits of depth and members.
    """
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BodyTooLarge(MAX_BODY_BYTES) from None
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        body = decompress(body)
    elif encoding != "identity":
        raise UnsupportedEncoding(encoding)
    return parse_body(body)


def decompress(body: bytes) -> bytes:
    """Return what a gzip body holds, without ever holding more than the limit of it."""
    stream = zlib.decompressobj(_GZIP)
    try:
        content = stream.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise InvalidRequest("the body", None, "gzip, as its Content-Encoding says") from None
    if len(content) > MAX_BODY_BYTES:
        raise BodyTooLarge(MAX_BODY_BYTES)
    if not stream.eof or stream.unused_data:
        raise InvalidRequest("the body", None, "one whole gzip member, as its Content-Encoding says")
    return content


def parse_body(body: bytes) -> Any:
    """Return the JSON value of a body."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise InvalidRequest("the body", None, "UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the body", None, f"JSON ({str(error)[:100] or 'nested too deeply'})") from None
    _check_size(value)
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _check_size(value: Any) -> None:
    level, members = [value], 0
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                members += len(each)
                inner += each.values()
            elif isinstance(each, list):
                inner += [item for item in each if isinstance(item, dict | list)]
        if members > MAX_MEMBERS:
            raise InvalidRequest("the body", None, f"at most {MAX_MEMBERS} members")
        if not inner:
            return
        level = inner
    if any(isinstance(each, dict | list) for each in level):
        raise InvalidRequest("the body", None, f"at most {MAX_DEPTH} levels of JSON")
