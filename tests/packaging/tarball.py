"""Build, install and use the npm package as a user gets it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "web_client"
TYPESCRIPT = ROOT / "node_modules" / "typescript" / "bin" / "tsc"


def pack(folder: Path) -> Path:
    """Build the client in a copy of its folder, whose own ``dist`` others may be reading, and pack it."""
    copy = folder / "web_client"
    shutil.copytree(CLIENT, copy, ignore=shutil.ignore_patterns("dist", "node_modules"))
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    run(copy, "node", str(TYPESCRIPT), "--project", "tsconfig.json")
    run(copy, "npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", str(folder))
    (tarball,) = folder.glob("*.tgz")
    return tarball


def install(tarball: Path, folder: Path) -> Path:
    """Install a tarball, with what it declares, in an empty folder."""
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "consumer", "private": True, "type": "module"}))
    options = ("--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run(folder, "npm", "install", *options, str(tarball))
    return folder


def repacked(tarball: Path, to: Path, *, without: str | None = None, dependencies: bool = True) -> Path:
    """Write a tarball again, without one file or without its declared dependencies."""
    unpacked = to.with_suffix("")
    with tarfile.open(tarball) as archive:
        archive.extractall(unpacked, filter="data")
    package = unpacked / "package"
    if without is not None:
        (package / without).unlink()
    if not dependencies:
        manifest = json.loads((package / "package.json").read_text("utf-8"))
        del manifest["dependencies"]
        (package / "package.json").write_text(json.dumps(manifest))
    with tarfile.open(to, "w:gz") as archive:
        archive.add(package, "package")
    return to


def run(folder: Path, *command: str) -> str:
    """Run a command; return what it prints.

    Raises:
        AssertionError: it fails; carries what it said.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} in {folder}: {done.stdout}{done.stderr}")
    return done.stdout
