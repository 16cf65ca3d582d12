"""Every block of every Markdown file runs, or is read by what it is an example of."""

from __future__ import annotations

from pathlib import Path

import edgefold_reducer as ef
import pytest
from threadpoolctl import threadpool_limits

from .examples import read_json, run_python, spec_of
from .given import PYTHON
from .markdown import ROOT, Block, Document, documents
from .shell import problem
from .typescript import type_check

DOCUMENTS = list(documents())
LANGUAGES = {"python", "ts", "json", "sh", "text"}


def with_blocks(language: str) -> pytest.MarkDecorator:
    """Parametrize over the documents that have blocks of a language."""
    having = [document for document in DOCUMENTS if document.of(language)]
    return pytest.mark.parametrize("document", having, ids=[document.path for document in having])


def shell_problems(document: Document) -> list[str]:
    lines = [(block, line) for block in document.of("sh") for line in block.code.splitlines()]
    found = [f"{block}: {line}: {wrong}" for block, line in lines if (wrong := problem(line))]
    mentions = [span for span in document.spans if span.split()[0] in ("make", "edgefold") and span != "edgefold"]
    return found + [f"{document.path}: `{span}`: {wrong}" for span in mentions if (wrong := problem(span, whole=False))]


def python_problems(document: Document) -> list[str]:
    names = PYTHON[document.path]() if document.path in PYTHON else {}
    return [f"{block}: {wrong}" for block in document.of("python") if (wrong := run_python(block.code, names))]


def json_problems(document: Document) -> list[str]:
    specs = [spec for one in (*DOCUMENTS, document) for block in one.of("json") if (spec := spec_of(block.code))]
    return [f"{block}: {wrong}" for block in document.of("json") if (wrong := read_json(block.code, specs))]


def link_problems(document: Document) -> list[str]:
    here = (ROOT / document.path).parent
    targets = [
        link.partition("#")[0] for link in document.links if "://" not in link and not link.startswith("mailto:")
    ]
    return [f"{document.path}: there is no {target}" for target in targets if target and not (here / target).exists()]


def language_problems(document: Document) -> list[str]:
    return [
        f"{block}: expected one of {sorted(LANGUAGES)}" for block in document.blocks if block.language not in LANGUAGES
    ]


def test_every_block_says_its_language() -> None:
    assert [wrong for document in DOCUMENTS for wrong in language_problems(document)] == []


@with_blocks("python")
def test_python_runs_and_gives_what_its_comments_say(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with threadpool_limits(1):  # threads that wait for a core beside other tests cost more than they bring
        assert python_problems(document) == []


@with_blocks("json")
def test_json_is_read(document: Document) -> None:
    assert json_problems(document) == []


def test_typescript_has_the_types_of_the_client(tmp_path: Path) -> None:
    blocks = [block for document in DOCUMENTS for block in document.of("ts")]
    assert len(blocks) >= 3
    assert type_check(blocks, tmp_path) == []


def test_what_is_typed_in_a_shell_is_there() -> None:
    assert [wrong for document in DOCUMENTS for wrong in shell_problems(document)] == []


def test_every_link_leads_somewhere() -> None:
    assert [wrong for document in DOCUMENTS for wrong in link_problems(document)] == []


SPEC = ef.Spec("a", events=[order := ef.event("order")], features={"orders": ef.count(order)}).to_json()
UNKNOWN = SPEC.replace('"count"', '"counts"')


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (language_problems, "```\nmake test\n```"),
        (language_problems, "```javascript\n1\n```"),
        (json_problems, '```json\n{"a": …}\n```'),
        (json_problems, "```json\n{profile}\n```"),
        (json_problems, f"```json\n{UNKNOWN}\n```"),
        (json_problems, f'```json\n{SPEC}\n```\n```json\n{{"last_ms": null, "spec": "0", "state": {{}}}}\n```'),
        (json_problems, '```json\n{"last_ms": null, "states": {"0": {}}}\n```'),
        (json_problems, '```json\n{"edgefold": 1, "model": {}, "files": {}}\n```'),
        (python_problems, "```python\n1 + 1  # 3\n```"),
        (python_problems, "```python\n{'a': 1.0, 'b': 2.0}  # {'a': 1.5, …}\n```"),
        (shell_problems, "```sh\nmake tests\n```"),
        (shell_problems, "```sh\nmake soak SEEDS=7\n```"),
        (shell_problems, "```sh\nedgefold server\n```"),
        (shell_problems, "```sh\nedgefold demo [--prot 8000]\n```"),
        (shell_problems, "```sh\nedgefold demo 8000\n```"),
        (shell_problems, "```sh\nedgefold replay reducer.json\n```"),
        (shell_problems, "```sh\nexport EDGEFOLD_SECRETS=1\n```"),
        (shell_problems, "```sh\nnpm run built\n```"),
        (shell_problems, "```sh\npython bench/nothing.py\n```"),
        (shell_problems, "```sh\ncurl https://example.org\n```"),
        (shell_problems, "Run `make tests`."),
        (shell_problems, "Run `edgefold verify --deep bundle/`."),
        (link_problems, "[the rules](RULES.md)"),
    ],
)
def test_a_fault_of_a_document_is_seen(check: object, text: str) -> None:
    assert len(check(Document("README-of-a-test.md", text))) == 1  # type: ignore[operator]  # one of the functions above


@pytest.mark.parametrize("text", ["```python\n1 / 0\n```", "```python\nundefined\n```", "```python\nif\n```"])
def test_python_that_does_not_run_is_seen(text: str) -> None:
    with pytest.raises((ArithmeticError, NameError, SyntaxError)):
        python_problems(Document("README-of-a-test.md", text))


def test_typescript_that_does_not_parse_is_seen(tmp_path: Path) -> None:
    (said, *_) = type_check([Block("a.md", 10, "ts", "const n = 1"), Block("b.md", 20, "ts", "\nconst = 1")], tmp_path)
    assert said.startswith("b.md:21:")


def test_a_fault_of_typescript_is_seen_at_its_line(tmp_path: Path) -> None:
    faults = [
        "import { openClients } from 'edgefold'",
        "const n: number = client.status().replica",
        "await client.track(1, {})",
        "interface Store {\n  readonly kind: string\n}",
    ]
    blocks = [Block(f"{number}.md", 10, "ts", code) for number, code in enumerate(faults)]
    said = type_check(blocks, tmp_path)
    assert {line.partition(":")[0] for line in said} == {block.document for block in blocks}
    assert all(line.startswith(("0.md:10:", "1.md:10:", "2.md:10:", "3.md:1")) for line in said)
