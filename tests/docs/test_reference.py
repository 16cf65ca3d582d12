"""Every public name, command and setting stands in a document, as code; and the documents name no setting that is not there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from .markdown import ROOT, Document, documents
from .shell import PACKAGES, commands, settings

DOCUMENTS = [document for document in documents() if document.path != "CHANGELOG.md"]


def lacking(names: set[str], texts: list[Document]) -> set[str]:
    """Return the names that no code of the documents holds."""
    found = {word for document in texts for word in re.findall(r"\w+", document.code)}
    return names - found


def lacking_commands(names: set[str], texts: list[Document]) -> set[str]:
    """Return the commands that no document says how to call."""
    return names - {name for document in texts for name in re.findall(r"\bedgefold (\w+)", document.code)}


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "demo_app"])
def test_every_public_name_is_documented(package: str) -> None:
    module = import_module(f"edgefold_{package}")
    own = [document for document in DOCUMENTS if document.path.startswith(f"{package}/")]
    assert lacking(set(module.__all__), own) == set(), f"say what they are in {package}/README.md"


def test_every_command_is_documented() -> None:
    assert lacking_commands(set(commands()), DOCUMENTS) == set()


def test_every_setting_is_documented() -> None:
    assert lacking(settings(), DOCUMENTS) == set()


def test_a_name_that_lacks_is_seen() -> None:
    document = Document("README.md", "The fold of `merge(a, b)`, and `edgefold verify`.\n```python\nfeatures(x)\n```")
    assert lacking({"fold", "merge", "features", "feature"}, [document]) == {"fold", "feature"}
    assert lacking_commands({"verify", "serve"}, [document]) == {"serve"}


CLIENT = ROOT / "web_client" / "src"


def exported(module: Path) -> set[str]:
    """Return the names that a TypeScript module exports, but for those that are types only."""
    text = module.read_text("utf-8")
    own = {
        name for found in re.findall(r"^export \{(.*?)\}", text, re.DOTALL | re.MULTILINE) for name in found.split(",")
    }
    own.update(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", text, re.MULTILINE))
    others = [module.parent / path for path in re.findall(r"^export \* from '(.*?)\.js'", text, re.MULTILINE)]
    names = {
        name.strip().rpartition(" as ")[2] for name in own if name.strip() and not name.strip().startswith("type ")
    }
    return names.union(*(exported(path.with_suffix(".ts")) for path in others))


def members(interface: str) -> set[str]:
    """Return the members of an interface of the client."""
    text = (CLIENT / "client" / "client.ts").read_text("utf-8")
    (body,) = re.findall(rf"^export interface {interface}\b[^{{]*\{{\n(.*?)^\}}", text, re.DOTALL | re.MULTILINE)
    return set(re.findall(r"^  (?:readonly )?(\w+)\??[(:<]", body, re.MULTILINE))


def test_every_name_of_the_client_is_documented() -> None:
    names = exported(CLIENT / "index.ts").union(
        *map(members, ("Client", "ClientOptions", "ClientEvents", "ScoreResult", "Status"))
    )
    assert {"openClient", "openModel", "track", "bundle", "errors", "probabilities"} <= names
    own = [document for document in DOCUMENTS if document.path == "web_client/README.md"]
    assert lacking(names, own) == set(), "say what they are in web_client/README.md"
