"""Build, look into and install the Python packages as a user gets them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("reducer", "serving", "exporter", "sync_api", "demo_app")
CONSTRAINTS = ROOT / "requirements" / "test.txt"
LIMIT_SECONDS = 600

# Alembic runs its own scripts; they can't be imported without it.
IMPORT_ALL = """
import importlib, pkgutil, sys
from importlib.metadata import entry_points
name = sys.argv[1]
package = importlib.import_module(name)
for module in pkgutil.walk_packages(package.__path__, name + "."):
    if ".migrations" not in module.name:
        importlib.import_module(module.name)
for command in entry_points(group="edgefold.commands"):
    command.load()
"""


def import_name(package: str) -> str:
    """Return the name that a package is imported by."""
    return f"edgefold_{package}"


def distribution(package: str) -> str:
    """Return the name that a package is installed by."""
    return import_name(package).replace("_", "-")


def build(folder: Path, wheels: Path) -> Path:
    """Build the wheel of a package's folder into ``wheels``, by the build backend of this environment."""
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels))
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=LIMIT_SECONDS)
    (wheel,) = wheels.glob(
        f"{tomllib.loads((folder / 'pyproject.toml').read_text())['project']['name'].replace('-', '_')}-*.whl"
    )
    return wheel


def lost_files(package: str, wheel: Path) -> set[str]:
    """Return the files of a package's source that its wheel does not have."""
    source = ROOT / package / "src"
    files = (path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc")
    with zipfile.ZipFile(wheel) as archive:
        return {path.relative_to(source).as_posix() for path in files} - set(archive.namelist())


def import_failure(package: str, wheels: Path, folder: Path) -> str | None:
    """Install a package alone, with what it declares, and import every module and command of it; return what failed."""
    uv = (sys.executable, "-m", "uv", "--quiet")
    python = folder / "bin" / "python"
    wanted = (distribution(package), "-f", str(wheels), "--constraint", str(CONSTRAINTS))
    subprocess.run((*uv, "venv", "--python", sys.executable, str(folder)), check=True, timeout=LIMIT_SECONDS)
    subprocess.run((*uv, "pip", "install", "--python", str(python), *wanted), check=True, timeout=LIMIT_SECONDS)
    command = (str(python), "-I", "-c", IMPORT_ALL, import_name(package))
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    return None if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


def undeclared(package: str, source: Path, declared: list[str]) -> set[str]:
    """Return the third-party modules that a package's source imports without a dependency that brings them.

    Another dependency may bring them today, so that an installation alone does not tell.
    """
    brought = packages_distributions()
    names = {_normal(re.split(r"[^\w.-]", requirement)[0]) for requirement in declared}
    own = {import_name(package), *sys.stdlib_module_names}
    return {
        module
        for path in source.rglob("*.py")
        for module in _imported(ast.parse(path.read_text("utf-8")))
        if module not in own and not names & {_normal(name) for name in brought.get(module, [module])}
    }


def dependencies(package: str) -> list[str]:
    """Return what a package declares."""
    project = tomllib.loads((ROOT / package / "pyproject.toml").read_text("utf-8"))["project"]
    declared: list[str] = project["dependencies"]
    return declared


def _imported(tree: ast.AST) -> set[str]:
    """Return the top-level names that a module imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            found.add(node.module.split(".")[0])
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
