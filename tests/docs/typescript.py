"""Check blocks of TypeScript strictly against the types of ``web_client``."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from .given import TYPESCRIPT
from .markdown import ROOT, Block

CLIENT = ROOT / "web_client"
LIMIT_SECONDS = 600


def type_check(blocks: list[Block], folder: Path) -> list[str]:
    """Return what ``tsc`` says of the blocks, each a module of its own.

    An interface that a block shows and ``edgefold`` exports must be the same one.
    """
    exports = json.loads((CLIENT / "package.json").read_text("utf-8"))["exports"]
    paths = {
        f"edgefold{name[1:]}": [str(CLIENT / "src" / entry["default"].removeprefix("./dist/").replace(".js", ".ts"))]
        for name, entry in exports.items()
    }
    options = {"noEmit": True, "declaration": False, "rootDir": "/", "noUnusedLocals": False, "paths": paths}
    settings = {"extends": str(CLIENT / "tsconfig.json"), "compilerOptions": options, "include": ["*.ts"]}
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "given.ts").write_text(TYPESCRIPT)
    for number, block in enumerate(blocks):
        (folder / f"block_{number}.ts").write_text(f"export {{}}\n{block.code}\n{_same_interfaces(block.code)}")
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    run = subprocess.run(
        ["node", str(compiler), "-p", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    said = [line for line in run.stdout.splitlines() if re.match(r"\S", line)]
    assert run.returncode == 0 or said, run.stderr
    return [_placed(line, blocks) for line in said]


def _same_interfaces(code: str) -> str:
    exported = set(re.findall(r"\w+", (CLIENT / "src" / "index.ts").read_text("utf-8")))
    shown = [name for name in re.findall(r"^interface (\w+) \{", code, re.MULTILINE) if name in exported]
    real = "import('edgefold')"
    return "".join(
        f"void ((shown: {name}): {real}.{name} => shown)\nvoid ((own: {real}.{name}): {name} => own)\n"
        for name in shown
    )


def _placed(line: str, blocks: list[Block]) -> str:
    """Return an error of the compiler at its place in the document."""
    found = re.match(r"block_(\d+)\.ts\((\d+),\d+\): (.*)", line)
    if found is None:
        return line
    block = blocks[int(found[1])]
    return f"{block.document}:{block.line + int(found[2]) - 2}: {found[3]}"
