"""What goes wrong in the sync API: one root, the values as attributes, and for each problem its HTTP status."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from edgefold_reducer.errors import reduce_error


class SyncError(Exception):
    """The root of every error that the sync API raises on purpose."""

    __reduce__ = reduce_error


class InvalidConfiguration(SyncError):
    """A setting without which, or with whose value, the server can't start."""

    def __init__(self, setting: str, value: object, expected: str) -> None:
        self.setting, self.value, self.expected = setting, value, expected
        super().__init__(f"{setting} is {shown(value)}; expected {expected}.")


class InvalidImport(SyncError):
    """A row of a bulk import that was refused; nothing of its batch was stored."""

    def __init__(self, row: int, field: str, value: object, expected: str) -> None:
        self.row, self.field, self.value, self.expected = row, field, value, expected
        super().__init__(f"row {row}: {field} is {shown(value)}; expected {expected}.")


class ReleaseRefused(SyncError):
    """A bundle that can't be published, or a release that can't be rolled back to; the catalogue is as it was."""

    def __init__(self, name: str, version: int | None, expected: str) -> None:
        self.name, self.version, self.expected = name, version, expected
        which = "the version before" if version is None else f"version {version}"
        super().__init__(f"bundle {shown(name)}: {which} was asked for; expected {expected}.")


class Problem(SyncError):
    """An error with an answer of its own (RFC 9457): ``status``, a title, the sentence, and its values as members."""

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, detail: str, **values: Any) -> None:
        self.detail, self.values = detail, values
        super().__init__(detail)

    @property
    def name(self) -> str:
        """The error's name, the same in every language."""
        return type(self).__name__


class InvalidRequest(Problem):
    """A body or query that is not what the call takes."""

    status, title = 400, "The request is not valid"

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        detail = f"{field} is {shown(value)}; expected {expected}."
        super().__init__(detail, field=field, value=echoed(value), expected=expected)


class InvalidToken(Problem):
    """A bearer token that is missing, past, or not of this server."""

    status, title = 401, "The token is not valid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; expected a bearer token of this server: HS256, with iss, sub and a future exp.")


class Forbidden(Problem):
    """A call that the token does not allow."""

    status, title = 403, "Not allowed"

    def __init__(self, member: str, scope: str) -> None:
        super().__init__(f"the request names a {member}; that takes a token with scope {scope!r}.", scope=scope)


class NotFound(Problem):
    """Nothing has this address."""

    status, title = 404, "Not found"

    def __init__(self, what: str, known: str) -> None:
        super().__init__(f"there is no {what}; there is {known}.")


class MethodNotAllowed(Problem):
    """A path that does not take this method."""

    status, title = 405, "Method not allowed"

    def __init__(self, method: str, allowed: list[str]) -> None:
        super().__init__(f"the method is {method}; expected {' or '.join(allowed)}.", allowed=allowed)


class SpecMismatch(Problem):
    """A spec that is not in the catalogue."""

    status, title = 409, "The spec is not live"

    def __init__(self, given: str, expected: str) -> None:
        self.given, self.expected = given, expected
        detail = (
            f"spec {given[:12]} is not one of this server's, whose newest is {expected[:12]}; "
            "fetch the bundle, or publish that spec."
        )
        super().__init__(detail, given=given, expected=expected)


class SubjectMismatch(Problem):
    """A diff of another subject than the token's."""

    status, title = 409, "Another subject"

    def __init__(self, given: str, expected: str) -> None:
        self.given, self.expected = given, expected
        detail = f"the diff is of subject tag {given}, the token's is {expected}; open the log of that subject."
        super().__init__(detail, given=given, expected=expected)


class DiffRefused(Problem):
    """A diff to score that would be neither applied nor replaced, and is not in."""

    status, title = 409, "The diff would not be applied"

    def __init__(self, outcome: str, overlap: list[str]) -> None:
        self.outcome, self.overlap = outcome, overlap
        super().__init__(f"the outcome would be {outcome}; sync first, then score.", outcome=outcome, overlap=overlap)


class BundleExpired(Problem):
    """A bundle whose last moment is past."""

    status, title = 409, "The bundle has expired"

    def __init__(self, bundle: str, expires: str) -> None:
        detail = f"bundle {bundle} expired at {expires}; start the server with a newer one."
        super().__init__(detail, bundle=bundle, expires=expires)


class SubjectErased(Problem):
    """A diff from before the subject was erased."""

    status, title = 410, "The subject was erased"

    def __init__(self, given: int, epoch: int) -> None:
        self.given, self.epoch = given, epoch
        super().__init__(
            f"the diff is of epoch {given}, the subject is in epoch {epoch}; forget the log and start again.",
            given=given,
            epoch=epoch,
        )


class BodyTooLarge(Problem):
    """A body over the limit, as sent or decompressed."""

    status, title = 413, "The body is too large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the body is over {max_bytes} bytes; send a diff of fewer events.", max_bytes=max_bytes)


class UnsupportedEncoding(Problem):
    """A Content-Encoding that the server does not read."""

    status, title = 415, "Unsupported Content-Encoding"

    def __init__(self, given: str) -> None:
        super().__init__(f"the Content-Encoding is {given[:40]!r}; expected gzip, or none.")


class InvalidProfile(Problem):
    """A delta that no fold by the server's spec can have produced."""

    status, title = 422, "The delta is not a profile of the spec"

    def __init__(self, where: str, value: object, expected: str) -> None:
        detail = f"{where} of the delta is {shown(value)}; expected {expected}."
        super().__init__(detail, field=where, value=echoed(value), expected=expected)


class ClockAhead(Problem):
    """A delta with an event from the future."""

    status, title = 422, "The device's clock is ahead"

    def __init__(self, last_ms: int, server_time_ms: int) -> None:
        detail = (
            f"the delta's last event is at {last_ms}, the server's clock at {server_time_ms}; set the device's clock."
        )
        super().__init__(detail, last_ms=last_ms, server_time_ms=server_time_ms)


class TooManyReplicas(Problem):
    """A new replica in a subject that has as many as it may."""

    status, title = 429, "Too many replicas"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the subject has {limit} replicas already; one is retired when it is not seen for long.", limit=limit
        )


class TooManyRequests(Problem):
    """A subject that asks faster than it may."""

    status, title = 429, "Too many requests"

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = math.ceil(retry_after_s)
        super().__init__(
            f"the subject asks too often; ask again in {self.retry_after_s} s.", retry_after_s=self.retry_after_s
        )


class Unavailable(Problem):
    """A database that does not answer now."""

    status, title = 503, "The database is not available"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database failed ({reason}); nothing was changed, send again later.")


class InternalError(Problem):
    """A defect of the server."""

    status, title = 500, "Internal error"

    def __init__(self) -> None:
        super().__init__("the server has a defect, which its log names; nothing was changed, send again later.")


MAX_SHOWN_CHARACTERS = 80


def shown(value: object) -> str:
    """``repr`` of a value, short enough for one line of a message."""
    text = ascii(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[: MAX_SHOWN_CHARACTERS - 3]}..."


def echoed(value: object) -> object:
    """Return a value as it may stand in an answer: itself where it is short and any JSON reader takes it, else its ``repr``."""
    plain = value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53)
    return (
        value
        if plain or (isinstance(value, str) and value.isascii() and len(value) <= MAX_SHOWN_CHARACTERS)
        else shown(value)
    )
