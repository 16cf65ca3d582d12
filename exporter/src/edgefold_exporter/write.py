"""A bundle's files to disk, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from edgefold_serving import Bundle, BundleError

from .errors import BundleExists

_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's bytes depend on its files only


def check_target(path: Path, name: str, version: int) -> Path:
    """Return the path where a bundle may be written there.

    Raises:
        BundleExists: it holds the same or a higher version, another bundle, or no bundle.
    """
    expected = f"nothing, or bundle {name} of a version below {version}"
    if type(version) is not int or version < 1:
        raise BundleExists(str(path), f"the version {version!r} asked for", "an integer of at least 1 as version")
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return path
    try:
        found = Bundle.open(path).manifest
    except BundleError as error:
        raise BundleExists(str(path), f"no whole bundle ({error})", expected) from error
    if found.name != name or found.version >= version:
        raise BundleExists(str(path), f"bundle {found.name} version {found.version}", expected)
    return path


def write_bundle(path: Path, files: Mapping[str, bytes], check: Callable[[Path], object]) -> None:
    """Write files beside ``path``, ``check`` them as they are read back, then rename them into place.

    A directory that is there is renamed away first: for a moment there is none, and the old one returns if the new one can't take its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as beside:
        made = Path(beside) / ("new.zip" if path.suffix == ".zip" else "new")
        if path.suffix == ".zip":
            _write_zip(made, files)
        else:
            made.mkdir()
            for name, content in files.items():
                _write_durably(made / name, content)
        check(made)
        if not path.is_dir():
            made.replace(path)
            return
        old = Path(beside) / "old"
        path.rename(old)
        try:
            made.rename(path)
        except OSError:
            old.rename(path)
            raise
        shutil.rmtree(old)


def _write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
