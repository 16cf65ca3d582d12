"""Set up what the project needs, inside this folder: ``python3 requirements/install.py demo|test``.

``demo`` makes .venv with the five packages and what they need, and node_modules with what the page needs. ``test`` adds the tools of the
tests and their browsers: Chromium, Firefox ESR and WebKitGTK by apt as root on Debian; elsewhere Playwright's own download of Chromium, and
the tests of the other two are skipped. What is there and fresh is left alone. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PACKAGES = ("reducer", "serving", "exporter", "sync_api", "demo_app")
PYTHON, NODE = (3, 11), 20
CHROMIUM_COMMANDS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ENGINES = {
    "firefox-esr": lambda: shutil.which("firefox-esr"),
    "webkit2gtk-driver": lambda: any(Path("/usr").glob("lib*/*/webkit*gtk-*/MiniBrowser")),
    "xvfb": lambda: shutil.which("Xvfb"),
}
"""What tells, by Debian package, that a further engine of the tests is there: WebKitGTK's small browser runs on a screen of Xvfb."""


def main(what: str) -> None:
    """Set up ``demo`` or ``test``."""
    check_tools()
    step_python(what)
    step_node(what)
    if what == "test":
        step_browsers()


def check_tools() -> None:
    """Stop where Python or Node is missing or too old."""
    if sys.version_info < PYTHON:
        stop(
            f"this is Python {sys.version.split()[0]}; Edgefold needs {PYTHON[0]}.{PYTHON[1]} or newer: make PYTHON=python3.12 …"
        )
    if shutil.which("node") is None or shutil.which("npm") is None:
        stop(f"there is no node or npm on the PATH; install Node {NODE} or newer (nodejs.org).")
    version = output("node", "--version")
    if int(version.lstrip("v").split(".")[0]) < NODE:
        stop(f"this is Node {version}; Edgefold needs {NODE} or newer.")


def step_python(what: str) -> None:
    """Make .venv of a requirement file, with the five packages as editable installs."""
    requirements = ROOT / "requirements" / f"{what}.txt"
    stamp = VENV / f"{what}.stamp"
    inputs = [requirements, *(ROOT / package / "pyproject.toml" for package in PACKAGES)]
    fingerprint = fingerprint_of(inputs)
    if fresh(stamp, fingerprint) or (
        what == "demo" and fresh(VENV / "test.stamp", fingerprint_of([requirements.with_name("test.txt"), *inputs[1:]]))
    ):
        return
    say(f"Python packages of {requirements.relative_to(ROOT)} into .venv (a minute or two the first time)")
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        run(
            "Python could not make a virtual environment; on Debian: apt install python3-venv",
            sys.executable,
            "-m",
            "venv",
            str(VENV),
        )
    # Bytecode is left to be made as it is needed: most of these packages is never imported.
    pip = (str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile")
    run("pip could not install the packages; is the network up?", *pip, "--requirement", str(requirements))
    own = [argument for package in PACKAGES for argument in ("--editable", str(ROOT / package))]
    run("pip could not install Edgefold's own packages", *pip, "--no-deps", "--no-build-isolation", *own)
    stamp.write_text(fingerprint)


def step_node(what: str) -> None:
    """Make node_modules of package-lock.json."""
    modules = ROOT / "node_modules"
    fingerprint = fingerprint_of([ROOT / "package-lock.json"])
    if fresh(modules / f"{what}.stamp", fingerprint) or fresh(modules / "test.stamp", fingerprint):
        return
    say("npm packages of package-lock.json into node_modules")
    only = ("--omit=dev",) if what == "demo" else ()
    run(
        "npm could not install the packages; is the network up?",
        "npm",
        "ci",
        "--no-fund",
        "--no-audit",
        "--loglevel=error",
        *only,
    )
    (modules / f"{what}.stamp").write_text(fingerprint)


def step_browsers() -> None:
    """Get the browsers of the tests: by apt as root on Debian, else a Chromium alone, by Playwright's own download."""
    lacking = [package for package, there in ENGINES.items() if not there()]
    if is_debian_root():
        if not has_chromium():
            lacking.insert(0, "chromium")
        if lacking:
            say(f"Debian packages by apt, since this is root on Debian: {' '.join(lacking)}")
            apt = ("apt-get", "--quiet=2")
            run("apt-get update failed; is the network up?", *apt, "update")
            run("apt could not install the browsers", *apt, "install", "--yes", "--no-install-recommends", *lacking)
        return
    if not has_chromium():
        say("Chromium, by Playwright's own download (nothing outside its cache is touched)")
        run(
            "Playwright could not download Chromium; install one, or name it: EDGEFOLD_CHROMIUM=/path/to/chrome",
            str(VENV / "bin" / "python"),
            "-m",
            "playwright",
            "install",
            "chromium",
        )
    if lacking:
        say(f"The tests in Firefox or WebKitGTK are skipped: there is no {' '.join(lacking)} (Debian's names), and")
        say("nothing is installed into a system that is yours; as root on Debian, make test gets them by apt")


def is_debian_root() -> bool:
    """Whether packages may be installed: this is root on Debian, as it is in a container or a build server."""
    release = Path("/etc/os-release")
    is_debian = release.is_file() and "ID=debian" in release.read_text().splitlines()
    return is_debian and shutil.which("apt-get") is not None and os.geteuid() == 0


def has_chromium() -> bool:
    """Whether there is a Chromium: the one that was named, an installed one, or Playwright's own."""
    if os.environ.get("EDGEFOLD_CHROMIUM") or any(map(shutil.which, CHROMIUM_COMMANDS)):
        return True
    probe = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    return Path(output(str(VENV / "bin" / "python"), "-c", probe)).exists()


def fingerprint_of(files: list[Path]) -> str:
    """Return a hash of the files' bytes."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def fresh(stamp: Path, fingerprint: str) -> bool:
    """Whether a stamp was left by an installation of the same inputs."""
    return stamp.is_file() and stamp.read_text() == fingerprint


def run(failure: str, *command: str) -> None:
    """Run a command; stop with a sentence where it fails."""
    started = time.monotonic()
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        stop(f"{failure} (the command was: {' '.join(command)})")
    if time.monotonic() - started > 10:
        say(f"… done in {time.monotonic() - started:.0f} s")


def output(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def say(text: str) -> None:
    """Say what is being done."""
    print(f"==> {text}", flush=True)


def stop(text: str) -> None:
    """End with a sentence."""
    sys.exit(f"edgefold: {text}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("demo", "test"):
        stop("usage: python3 requirements/install.py demo|test")
    main(sys.argv[1])
