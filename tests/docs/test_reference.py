"""Every public name, command and setting stands in a document, as code; and the documents name no setting that is not there."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from .markdown import Document, documents
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
