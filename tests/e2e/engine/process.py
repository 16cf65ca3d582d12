"""The processes of a browser: it starts on a profile folder and a URL, its content processes crash, all of it is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..browser import FLAGS

CHROMIUM_FLAGS = (
    *FLAGS,
    "--disable-popup-blocking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
)
FIREFOX_PREFERENCES: Mapping[str, str | bool | int] = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.allow_scripts_to_close_windows": True,
    "dom.disable_open_during_load": False,
    "dom.min_background_timeout_value": 4,
    "dom.popup_maximum": 1_000,
    "dom.timeout.enable_budget_timer_throttling": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.startup.max_resumed_crashes": -1,
    "toolkit.telemetry.enabled": False,
}


@dataclass(frozen=True)
class Engine:
    """An engine at ``path``; ``command(path, profile, url)`` starts it, and part of its command line tells a content process."""

    name: str
    path: str | None
    command: Callable[[str, Path, str], list[str]]
    content_process: str
    screen: str | None = None
    lacks: str | None = None
    """Why it can't run here."""


def _chromium(path: str, profile: Path, url: str) -> list[str]:
    return [path, *CHROMIUM_FLAGS, f"--user-data-dir={profile}", url]


def _firefox(path: str, profile: Path, url: str) -> list[str]:
    lines = [f"user_pref({_text(name)}, {_text(value)});\n" for name, value in FIREFOX_PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    return [path, "--headless", "--no-remote", "--profile", str(profile), url]


def _text(value: str | bool | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _webkit(path: str, profile: Path, url: str) -> list[str]:
    # Sound is no part of the tests, and some machines have no device that could play it.
    return [path, "--javascript-can-open-windows-automatically=true", "--enable-webaudio=false", url]


@contextmanager
def engines(chromium: str) -> Iterator[dict[str, Engine]]:
    """Find the engines of this machine by name, with a screen for those that need one; ``chromium`` is the path of that one."""
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    webkit = next(iter(sorted(Path("/usr").glob("lib*/*/webkit*gtk-*/MiniBrowser"))), None)
    with _screen() as screen:
        absent = "there is no {} here; as root on Debian, make test gets it"
        no_firefox = absent.format("firefox-esr") if firefox is None else None
        no_screen = absent.format("xvfb") if screen is None else None
        no_webkit = absent.format("webkit2gtk-driver") if webkit is None else no_screen
        found = (
            Engine("chromium", chromium, _chromium, "--type=renderer"),
            Engine("firefox", firefox, _firefox, "-isForBrowser", lacks=no_firefox),
            Engine(
                "webkitgtk", None if webkit is None else str(webkit), _webkit, "WebKitWebProcess", screen, no_webkit
            ),
        )
        yield {engine.name: engine for engine in found}


@contextmanager
def _screen() -> Iterator[str | None]:
    """Run a virtual screen; its name, or None where there is no Xvfb."""
    command = shutil.which("Xvfb")
    if command is None:
        yield None
        return
    read, write = os.pipe()
    arguments = [command, "-displayfd", str(write), "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
    process = _start(arguments, os.environ, [write])
    os.close(write)
    try:
        with os.fdopen(read) as stream:
            number = stream.readline().strip()
        yield f":{number}" if number else None
    finally:
        _kill(process)


def _start(
    command: list[str], environment: Mapping[str, str], descriptors: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a command in a group of its own, which ends with this process too, however that ends."""
    return subprocess.Popen(
        ["sh", "-c", '"$@" & read -r _; kill -9 0', "guard", *command],
        env=environment,
        pass_fds=descriptors,
        start_new_session=True,
        stdin=subprocess.PIPE,  # which nobody writes to: it ends with this process
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # it may have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdin is not None
    process.stdin.close()


class Process:
    """A running browser with its storage in ``profile``, on ``url``."""

    def __init__(self, engine: Engine, profile: Path, url: str) -> None:
        assert engine.path is not None, engine.lacks
        profile.mkdir(parents=True, exist_ok=True)
        folders = {name: str(profile / name.lower()) for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
        environment = os.environ | folders | {"HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1"}
        if engine.screen is not None:
            environment |= {"DISPLAY": engine.screen, "GDK_BACKEND": "x11", "LIBGL_ALWAYS_SOFTWARE": "1"}
        self._engine = engine
        self._process = _start(engine.command(engine.path, profile, url), environment)

    def content_processes(self) -> set[int]:
        """Return the ids of the processes that run pages."""
        return {pid for pid, command in self._members() if self._engine.content_process in command}

    def _members(self) -> Iterator[tuple[int, str]]:
        """The processes of the browser's group with their command lines, as Linux tells them."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                group = int((folder / "stat").read_text().rpartition(")")[2].split()[2])
                if group == self._process.pid:
                    yield int(folder.name), (folder / "cmdline").read_text().replace("\0", " ")
            except (OSError, ValueError):
                continue  # it has just ended

    def crash(self, pids: set[int]) -> None:
        """End some processes at once, as a fault in them would."""
        for pid in pids:
            with suppress(ProcessLookupError):  # it may have just ended
                os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """End every process of the browser at once, as a full memory or an empty battery would: SIGKILL."""
        _kill(self._process)
