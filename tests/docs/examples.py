"""Run or read blocks of code. Each function returns what is wrong with a block, None where it is right."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from typing import Any

import edgefold_reducer as ef
from edgefold_serving import BundleError
from edgefold_serving.manifest import parse_manifest

VALUES = (*"{[('\"-0123456789", "True", "False", "None")
"""How a comment begins that tells a value."""


def run_python(code: str, names: dict[str, Any]) -> str | None:
    """Run a block in a namespace. A comment behind an expression that tells its value is held to it, as far as ``…``."""
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(code).readline)
        if token.type == tokenize.COMMENT
    }
    for statement in ast.parse(code).body:
        if not isinstance(statement, ast.Expr):
            exec(compile(ast.Module([statement], []), "<example>", "exec"), names)
            continue
        value = eval(compile(ast.Expression(statement.value), "<example>", "eval"), names)
        told = comments.get(statement.end_lineno or 0, "")
        if told.startswith(VALUES) and not _is_shown(value, told):
            return f"line {statement.lineno} gives {value!r}, its comment says {told}"
    return None


def _is_shown(value: object, told: str) -> bool:
    begin, elision, _ = told.partition("…")
    return repr(value).startswith(begin) if elision else repr(value) == begin.strip()


SPEC = {"edgefold", "events", "features"}


def spec_of(code: str) -> ef.Spec | None:
    """Return the spec that a block shows, None where it shows none."""
    try:
        return ef.Spec.from_json(code) if set(json.loads(code)) >= SPEC else None
    except (ValueError, TypeError, ef.ReducerError):
        return None


def read_json(code: str, specs: list[ef.Spec]) -> str | None:
    """Parse a block as JSON; what looks like a spec, a manifest or a profile is read as one. A profile is of one of ``specs``."""
    try:
        return _read(json.loads(code), specs)
    except ValueError as error:
        return f"it is no JSON: {error}"
    except (ef.ReducerError, BundleError) as error:
        return f"{type(error).__name__}: {error}"


def _read(value: Any, specs: list[ef.Spec]) -> str | None:
    members = set(value) if isinstance(value, dict) else set()
    if members >= SPEC:
        ef.Spec.from_json(json.dumps(value))
    elif members >= {"edgefold", "model", "files"}:
        parse_manifest(value)
    elif members >= {"acked", "others"}:
        return _read(value["others"], specs)
    elif members == {"last_ms", "states"}:
        ef.Kept.from_json(value)
    elif members == {"last_ms", "spec", "state"}:
        spec = next((spec for spec in specs if spec.id == value["spec"]), None)
        if spec is None:
            return f"its spec is {value['spec']}; the documents have {[spec.id for spec in specs]}"
        ef.Profile.from_json(spec, json.dumps(value))
    return None
