"""What the project's Markdown files hold: blocks of code with their language, code in a line, and links."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE = {"node_modules", "dist"}
FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```[ ]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block; ``line`` is that of its first line of code."""

    document: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line} [{self.language}]"


@dataclass(frozen=True)
class Document:
    """A Markdown file; ``path`` is relative to the root of the repository."""

    path: str
    text: str

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in order."""
        return [
            Block(self.path, self.text.count("\n", 0, found.start()) + 2, found[2].strip(), found[3])
            for found in FENCE.finditer(self.text)
        ]

    def of(self, language: str) -> list[Block]:
        """Return the blocks of a language."""
        return [block for block in self.blocks if block.language == language]

    @property
    def prose(self) -> str:
        """The text without its blocks."""
        return FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """The code within lines, as `` `code` ``."""
        return re.findall(r"`([^`\n]+)`", self.prose)

    @property
    def links(self) -> list[str]:
        """The targets of links and pictures."""
        return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]+`", "", self.prose))

    @property
    def code(self) -> str:
        """All code, of blocks and of lines."""
        return "\n".join([*self.spans, *(block.code for block in self.blocks)])


def documents() -> Iterator[Document]:
    """Every Markdown file of the repository."""
    for folder, inside, files in os.walk(ROOT):
        inside[:] = sorted(name for name in inside if name not in MADE and not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix == ".md":
                yield Document(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
