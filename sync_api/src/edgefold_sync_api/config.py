"""The server's settings, read once from a mapping or the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InvalidConfiguration

MIN_SECRET_BYTES = 32
DEFAULT_DATABASE_URL = "sqlite:///edgefold.db"


@dataclass(frozen=True)
class Settings:
    """Every setting, by the name it has in the environment without ``EDGEFOLD_``."""

    secret: str
    bundles: tuple[Path, ...] = ()
    spec: Path | None = None
    database_url: str = DEFAULT_DATABASE_URL
    origins: tuple[str, ...] = ()
    requests_per_second: float = 20.0
    """Of each subject, in each worker process."""
    retire_days: float = 365.0
    """A replica that has stored nothing for so long is retired."""


def read_settings(config: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of ``config``, and of the environment where it lacks one.

    Raises:
        InvalidConfiguration: names the setting, its value, and what was expected.
    """
    given = {name: value for name, value in os.environ.items() if name.startswith("EDGEFOLD_")} | dict(config or {})
    bundles = tuple(Path(path) for path in _paths(given.get("EDGEFOLD_BUNDLES") or ()))
    spec = given.get("EDGEFOLD_SPEC") or None
    if not bundles and spec is None:
        raise InvalidConfiguration(
            "EDGEFOLD_BUNDLES", None, "the path of a bundle, or EDGEFOLD_SPEC: that of a reducer.json"
        )
    origins = given.get("EDGEFOLD_ORIGINS") or ()
    return Settings(
        secret=secret_of(given),
        bundles=bundles,
        spec=None if spec is None else Path(spec),
        database_url=database_url_of(given),
        origins=tuple(origins.replace(",", " ").split() if isinstance(origins, str) else origins),
        requests_per_second=_positive(given, "EDGEFOLD_REQUESTS_PER_SECOND", Settings.requests_per_second),
        retire_days=_positive(given, "EDGEFOLD_RETIRE_DAYS", Settings.retire_days),
    )


def database_url_of(given: Mapping[str, Any], url: object = None) -> str:
    """Return the database's URL: ``url``, else EDGEFOLD_DATABASE_URL, else a file of the folder."""
    url = url or given.get("EDGEFOLD_DATABASE_URL") or DEFAULT_DATABASE_URL
    if not isinstance(url, str):
        raise InvalidConfiguration("EDGEFOLD_DATABASE_URL", type(url).__name__, "a URL such as sqlite:///edgefold.db")
    return url


def secret_of(given: Mapping[str, Any]) -> str:
    """Return EDGEFOLD_SECRET, which signs the tokens.

    Raises:
        InvalidConfiguration: it is missing or too short; the error does not hold it.
    """
    secret = given.get("EDGEFOLD_SECRET")
    if not isinstance(secret, str) or len(secret.encode("utf-8", "replace")) < MIN_SECRET_BYTES:
        length = None if secret is None else f"a value of {len(str(secret))} characters"
        expected = f"a secret of at least {MIN_SECRET_BYTES} bytes, which signs the tokens (RFC 7518, 3.2)"
        raise InvalidConfiguration("EDGEFOLD_SECRET", length, expected)
    return secret


def _paths(value: object) -> Sequence[str | Path]:
    if isinstance(value, str):
        return [path for path in value.split(os.pathsep) if path]
    return [value] if isinstance(value, Path) else list(value)  # type: ignore[call-overload]  # a sequence of paths


def _positive(given: Mapping[str, Any], setting: str, default: float) -> float:
    value = given.get(setting, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise InvalidConfiguration(setting, value, "a number over 0")
    return number
