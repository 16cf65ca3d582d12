"""Each Python package works alone: its wheel has every file, and declares every package that it imports."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .wheels import PACKAGES, ROOT, build, dependencies, import_failure, import_name, lost_files, undeclared

DATA_FILES = {
    "reducer": ["schema.json"],
    "sync_api": ["migrations/env.py", "openapi.json"],
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    return {package: build(ROOT / package, folder) for package in PACKAGES}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_wheel_has_every_file_of_its_package(package: str, wheels: dict[str, Path]) -> None:
    for name in ["py.typed", *DATA_FILES.get(package, [])]:
        assert (ROOT / package / "src" / import_name(package) / name).is_file()
    assert lost_files(package, wheels[package]) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_installed_alone_imports_every_module_and_command(
    package: str, wheels: dict[str, Path], tmp_path: Path
) -> None:
    assert import_failure(package, wheels[package].parent, tmp_path) is None


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_declares_what_it_imports(package: str) -> None:
    assert undeclared(package, ROOT / package / "src", dependencies(package)) == set()


def changed_copy(package: str, folder: Path) -> Path:
    """A package's folder that may be changed."""
    return Path(shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")))


def test_a_dependency_that_is_not_declared_is_reported(tmp_path: Path) -> None:
    project = changed_copy("reducer", tmp_path) / "pyproject.toml"
    project.write_text(project.read_text("utf-8").replace('    "rfc8785>=0.1.4",\n', ""), "utf-8")
    build(project.parent, tmp_path / "wheels")
    failure = import_failure("reducer", tmp_path / "wheels", tmp_path / "alone")
    assert failure == "ModuleNotFoundError: No module named 'rfc8785'"


def test_a_dependency_that_only_another_one_brings_is_reported() -> None:
    declared = [name for name in dependencies("serving") if not name.startswith("numpy")]  # onnxruntime brings it
    assert undeclared("serving", ROOT / "serving" / "src", declared) == {"numpy"}


def test_a_wheel_without_a_data_file_is_reported(tmp_path: Path) -> None:
    folder = changed_copy("reducer", tmp_path)
    (folder / "src" / "edgefold_reducer" / "schema.json").unlink()
    assert lost_files("reducer", build(folder, tmp_path / "wheels")) == {"edgefold_reducer/schema.json"}
