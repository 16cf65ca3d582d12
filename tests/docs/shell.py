"""Check lines of shell against what there is: make's targets, the commands and options of ``edgefold``, settings, scripts of npm."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from functools import cache
from importlib import import_module

import click

from .markdown import ROOT

PACKAGES = ("reducer", "serving", "exporter", "sync_api", "demo_app")
SOURCES = ("*.py", "*.ts", "*.mjs", "Makefile")
SETTING = re.compile(r"EDGEFOLD_[A-Z_]+")


@cache
def commands() -> dict[str, click.Command]:
    """The subcommands of ``edgefold``, as each package declares them."""
    found: dict[str, click.Command] = {}
    for package in PACKAGES:
        project = tomllib.loads((ROOT / package / "pyproject.toml").read_text("utf-8"))["project"]
        for name, place in project.get("entry-points", {}).get("edgefold.commands", {}).items():
            module, _, attribute = place.partition(":")
            found[name] = getattr(import_module(module), attribute)
    return found


@cache
def targets() -> set[str]:
    """The targets that ``make`` lists."""
    return set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@cache
def settings() -> set[str]:
    """The settings that the project's own code names."""
    places = [ROOT / "Makefile", *(ROOT / folder for folder in (*PACKAGES, "web_client", "tests", "requirements"))]
    files = [
        file for place in places for kind in SOURCES for file in (place.rglob(kind) if place.is_dir() else [place])
    ]
    kept = (file for file in files if not {"node_modules", "dist", "docs"}.intersection(file.relative_to(ROOT).parts))
    return {name for file in kept for name in SETTING.findall(file.read_text("utf-8"))}


@cache
def scripts() -> set[str]:
    """The scripts of npm."""
    manifests = [ROOT / "package.json", ROOT / "web_client" / "package.json"]
    return {name for path in manifests for name in json.loads(path.read_text("utf-8")).get("scripts", {})}


def problem(line: str, *, whole: bool = True) -> str | None:
    """Return what is wrong with a line of shell; None where it could be run.

    ``[…]`` marks what may be left out. Of a line that is not ``whole``, a mention in prose, required parts may lack.
    """
    for name in SETTING.findall(line):
        if name not in settings():
            return f"no code knows {name}; expected one of {sorted(settings())}"
    try:
        words = shlex.split(re.sub(r"[\[\]]", "", re.sub(r"\$\([^)]*\)", "VALUE", line)), comments=True)
    except ValueError as error:
        return f"it does not parse: {error}"
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    if not words or words[0] == "export":
        return None
    program, *given = words
    match program.rpartition("/")[2]:
        case "make":
            return _make(given)
        case "edgefold":
            return _edgefold(given, whole)
        case "npm":
            return _npm(given)
        case "python" | "python3":
            return _python(given)
        case "pip" | "vitest" | "flask" | "gunicorn" | "pre-commit":
            return None  # not ours
    return f"nobody checks {program!r}; expected make, edgefold, npm, python, pip, vitest, flask, gunicorn or a setting"


def _make(given: list[str]) -> str | None:
    wrong = [word for word in given if "=" not in word and word not in targets()]
    variables = re.findall(r"\$\((?:or \$\()?([A-Z]+)\b", (ROOT / "Makefile").read_text("utf-8"))
    wrong += [word for word in given if "=" in word and word.partition("=")[0] not in variables]
    return (
        f"make has no {', '.join(wrong)}; expected {sorted(targets())} and {sorted(set(variables))}" if wrong else None
    )


def _edgefold(given: list[str], whole: bool) -> str | None:
    if not given:
        return None if not whole else "edgefold needs a command"
    name, *arguments = given
    if name not in commands():
        return f"edgefold has no command {name!r}; expected one of {sorted(commands())}"
    command = commands()[name]
    context = click.Context(command, info_name=name)
    try:
        parsed, rest, _ = command.make_parser(context).parse_args(
            [word for word in arguments if word not in ("…", "...")]
        )
    except click.BadOptionUsage as error:  # an option without its value
        return f"edgefold {name}: {error.format_message()}" if whole else None
    except click.UsageError as error:
        return f"edgefold {name}: {error.format_message()}"
    if rest:
        return f"edgefold {name} takes no {' '.join(rest)}"
    lacking = [
        parameter.name
        for parameter in command.params
        if parameter.required
        and not parameter.envvar
        and not isinstance(parsed.get(str(parameter.name)), str | tuple | bool)
    ]
    return f"edgefold {name} needs {', '.join(map(str, lacking))}" if whole and lacking else None


def _npm(given: list[str]) -> str | None:
    if given[:1] == ["run"]:
        names = [word for word in given[1:] if not word.startswith("-")][:1]
        return None if set(names) <= scripts() else f"npm has no script {names}; expected one of {sorted(scripts())}"
    return (
        None if given[:1] and given[0] in ("ci", "install") else f"npm {' '.join(given)}: expected run, ci or install"
    )


def _python(given: list[str]) -> str | None:
    paths = [word for word in given if "/" in word or word.endswith(".py")]
    lost = [
        word for word in paths if not any((place / word).exists() for place in (ROOT, *(ROOT / p for p in PACKAGES)))
    ]
    return f"there is no {', '.join(lost)}" if lost else None
