"""The npm package works alone: installed from its tarball it folds, scores a bundle, and type-checks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import edgefold_reducer as ef
import pytest

from ..bundles import Exported, spec, tree_bundle
from .tarball import CLIENT, ROOT, TYPESCRIPT, install, pack, repacked, run

CONSUMER = Path(__file__).with_name("consumer.ts")
ORDER = {
    "type": "order",
    "time": 1_767_225_600_000,
    "data": {"amount": 19.99, "quantity": 1, "gift": False, "genre": "jazz"},
}


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tarball, tmp_path_factory.mktemp("install") / "consumer")


def compiled(folder: Path) -> Path:
    """Compile the consumer against the types of the package that is installed in ``folder``."""
    shutil.copy(CONSUMER, folder)
    (folder / "node_modules" / "@types").mkdir(exist_ok=True)
    for types in ("@types/node", "undici-types"):
        link = folder / "node_modules" / types
        if not link.exists():
            link.symlink_to(ROOT / "node_modules" / types)
    options = "--strict --exactOptionalPropertyTypes --module nodenext --target es2022 --lib es2022,dom,dom.iterable --types node"
    run(folder, "node", str(TYPESCRIPT), *options.split(), CONSUMER.name)
    return folder / "consumer.js"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return tree_bundle(tmp_path_factory.mktemp("bundle") / "tree")


@pytest.fixture(scope="module")
def program(installed: Path) -> Path:
    return compiled(installed)


def test_a_program_type_checks_strictly_and_scores_as_python_does(program: Path, exported: Exported) -> None:
    said = json.loads(run(program.parent, "node", program.name, str(exported.path)))
    profile = ef.fold(spec, [ORDER])
    row = ef.features(spec, profile, ORDER["time"] + 1)
    scores = exported.bundle.score([row])
    assert said["profile"].encode() == profile.to_json()
    assert said["label"] == scores.labels[0]
    assert said["score"] == pytest.approx(scores.scores[0], abs=exported.bundle.manifest.tolerance)
    assert said["offline"] == "function"


def test_a_tarball_has_the_types_of_each_module_and_nothing_but_what_is_published(installed: Path) -> None:
    package = installed / "node_modules" / "edgefold"
    names = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    modules = {path.relative_to(CLIENT / "src").with_suffix("").as_posix() for path in (CLIENT / "src").rglob("*.ts")}
    expected = {f"dist/{module}{suffix}" for module in modules for suffix in (".js", ".d.ts")}
    assert names - {"package.json", "README.md", "LICENSE"} == expected


def test_a_tarball_without_a_module_is_reported(tarball: Path, tmp_path: Path) -> None:
    broken = repacked(tarball, tmp_path / "broken.tgz", without="dist/reducer/fold.js", dependencies=False)
    with pytest.raises(AssertionError, match="ERR_MODULE_NOT_FOUND"):
        run(install(broken, tmp_path / "consumer"), "node", "--input-type=module", "--eval", "import 'edgefold'")


def test_a_tarball_without_a_type_is_reported(tarball: Path, tmp_path: Path) -> None:
    broken = repacked(tarball, tmp_path / "broken.tgz", without="dist/reducer/spec.d.ts", dependencies=False)
    with pytest.raises(AssertionError, match=r"TS7016|TS2307|TS7006"):
        compiled(install(broken, tmp_path / "consumer"))


def test_a_dependency_that_is_not_declared_is_reported(
    tarball: Path, program: Path, exported: Exported, tmp_path: Path
) -> None:
    folder = install(repacked(tarball, tmp_path / "broken.tgz", dependencies=False), tmp_path / "consumer")
    shutil.copy(program, folder)
    with pytest.raises(AssertionError, match="RuntimeNotLoaded: .*onnxruntime-web"):
        run(folder, "node", program.name, str(exported.path))
