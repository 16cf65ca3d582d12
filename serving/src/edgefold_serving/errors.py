"""What goes wrong with a bundle: one root, the values as attributes."""

from __future__ import annotations

from edgefold_reducer.errors import reduce_error


class BundleError(Exception):
    """The root of every error that reading or scoring a bundle raises on purpose."""

    __reduce__ = reduce_error


class InvalidBundle(BundleError):
    """A bundle that is damaged, incomplete, or not what its manifest says."""

    def __init__(self, file: str, value: object, expected: str) -> None:
        self.file, self.value, self.expected = file, value, expected
        super().__init__(f"{file} is {shown(value)}; expected {expected}. Fetch or export the bundle again.")


class BundleExpired(BundleError):
    """A bundle asked to score after its last day."""

    def __init__(self, name: str, expires: str) -> None:
        self.name, self.expires = name, expires
        super().__init__(f"bundle {name} expired at {expires}; fetch or export a newer version.")


class InvalidRows(BundleError):
    """Rows to score that do not have the model's features."""

    def __init__(self, feature: str, value: object, expected: str) -> None:
        self.feature, self.value, self.expected = feature, value, expected
        super().__init__(f"feature {feature} is {shown(value)}; expected {expected}.")


def shown(value: object) -> str:
    """``repr`` of a value, short enough for one line of a message."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}…"
