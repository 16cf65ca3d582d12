"""The page: built by esbuild, through the script beside its sources."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

DEMO_APP = Path(__file__).resolve().parents[2]
ROOT = DEMO_APP.parent


class PageNotBuilt(Exception):
    """What is missing to build the page, and how to get it."""


def build_page(output: Path) -> None:
    """Bundle the page's sources and what they import into ``output``.

    Raises:
        PageNotBuilt: node, node_modules or the sources are missing, or esbuild failed.
    """
    script = DEMO_APP / "page" / "build.mjs"
    if not script.is_file():
        raise PageNotBuilt(f"there is no {script}; the demo runs from a checkout of Edgefold: make demo.")
    node = shutil.which("node")
    if node is None:
        raise PageNotBuilt("node is not on the PATH; install Node 20 or newer (nodejs.org), then make demo.")
    if not (ROOT / "node_modules" / "esbuild").is_dir():
        raise PageNotBuilt("node_modules has no esbuild; run make demo, or npm ci in the checkout.")
    done = subprocess.run([node, str(script), str(output)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PageNotBuilt(f"esbuild could not build the page:\n{done.stderr.strip()}")
