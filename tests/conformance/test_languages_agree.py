"""Python and TypeScript answer the same random cases with the same bytes. ``EDGEFOLD_SEED`` and ``EDGEFOLD_COUNT`` make a longer run."""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from functools import partial, reduce
from pathlib import Path
from typing import Any

import edgefold_reducer as ef
import pytest
from edgefold_reducer.errors import InvalidTable, ReducerError

from .generate import AGGREGATES, Json, broken, cases, relative_of

ROOT = Path(__file__).parents[2]
SEED, COUNT = int(os.environ.get("EDGEFOLD_SEED", "1")), int(os.environ.get("EDGEFOLD_COUNT", "400"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core of the client, built as its package is."""
    folder = tmp_path_factory.mktemp("core")
    modules = ("spec", "fold", "features", "profile", "event", "kept", "carry")
    settings = {
        "extends": str(ROOT / "web_client/tsconfig.json"),
        "compilerOptions": {"rootDir": str(ROOT / "web_client/src/reducer"), "outDir": str(folder)},
        "files": [str(ROOT / f"web_client/src/reducer/{module}.ts") for module in modules],
        "include": [],
    }
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    (folder / "package.json").write_text('{"type": "module"}')
    compiler = ROOT / "node_modules/typescript/bin/tsc"
    subprocess.run(["node", str(compiler), "-p", str(folder)], check=True, timeout=600)
    return folder


def answers_of_typescript(built: Path, given: list[Json]) -> list[Json]:
    run = subprocess.run(
        ["node", str(Path(__file__).with_name("answer.mjs")), str(built)],
        input="\n".join(map(json.dumps, given)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=600 + len(given) / 10,
    )
    answers: list[Json] = [json.loads(line) for line in run.stdout.decode().splitlines()]
    assert len(answers) == len(given)
    return answers


def answer_of_python(given: Json) -> Json:
    spec = ef.Spec.from_json(given["spec"])

    def folded() -> Json:
        apart = [ef.fold(spec, part["events"], replica=part["replica"], unit="ms") for part in given["parts"]]
        merged = reduce(lambda a, b: ef.merge(spec, a, b), apart, ef.empty_profile(spec))
        row = answered(
            lambda: [[k, bits(v)] for k, v in ef.features(spec, merged, given["now_ms"], given["attributes"]).items()]
        )
        return {"apart": [text_of(profile) for profile in apart], "merged": text_of(merged), "row": row}

    return {
        "id": spec.id,
        "json": spec.to_json(),
        "columns": [[c.name, c.type, None if c.default is None else bits(c.default)] for c in spec.columns],
        "hashes": sorted(spec.aggregates),
        "folded": answered(folded),
        "read": [answered(partial(reread, spec, profile)) for profile in given["profiles"]],
        "carried": answered(partial(carried_between, [spec, ef.Spec.from_json(given["relative"])], given)),
    }


def carried_between(specs: list[ef.Spec], given: Json) -> Json:
    """What a store holds along the way from a spec to another and back, and what each spec makes of it."""
    here, there = (
        [ef.fold(spec, accepted(spec, part["events"]), replica=part["replica"]) for part in given["parts"]]
        for spec in specs
    )
    first = ef.keep(here[0])
    second = reduce(ef.add, there[1:], first)
    out = ef.carry(specs[1], second)
    over = ef.keep(ef.merge(specs[1], out.profile, there[0]), out.since_ms, second)
    back = ef.carry(specs[0], over)
    again = ef.keep(ef.merge(specs[0], back.profile, here[-1]), back.since_ms, over)
    kept = [first, second, over, again, ef.merge_kept(specs, over, first)]
    kept += [ef.merge_kept(specs[1:], first, again), ef.merge_kept([], second, again)]

    def read(text: str) -> list[Any]:
        held = ef.Kept.from_json(text)
        told = [carried_by(spec, held, given["now_ms"]) for spec in specs]
        return [text_of(held), *told, text_of(ef.add(held, there[0]))]

    return {
        "told": [[text_of(held), *(carried_by(spec, held, given["now_ms"]) for spec in specs)] for held in kept],
        "read": [answered(partial(read, text)) for text in given["spoiled"]],
    }


def carried_by(spec: ef.Spec, kept: ef.Kept, now_ms: int) -> list[Any]:
    carried = ef.carry(spec, kept)
    told = ef.since_of(spec, carried.since_ms, now_ms)
    return [
        text_of(carried.profile),
        [[*item] for item in sorted(carried.since_ms.items())],
        [[*item] for item in sorted(told.items())],
    ]


def accepted(spec: ef.Spec, events: list[Any]) -> list[Any]:
    return [event for event in events if "error" not in answered(lambda: {"event": ef.validate_event(spec, event)})]  # noqa: B023


def reread(spec: ef.Spec, profile: str) -> str:
    return text_of(ef.Profile.from_json(spec, profile))


def answered(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except ReducerError as error:
        return {"error": type(error).__name__}


def text_of(profile: ef.Profile | ef.Kept) -> str:
    return profile.to_json().decode()


def bits(value: object) -> object:
    """Return a number as the 16 hex digits of its binary64, NaN and a missing string as None."""
    if isinstance(value, int | float):
        return None if math.isnan(value) else struct.pack(">d", value).hex()
    return value


def with_profiles(number: int, given: Json) -> Json:
    """Return a case with profiles to read: its own, and some with a fault in them."""
    bare = {"profiles": [], "relative": given["spec"], "spoiled": []}
    own = answered(lambda: answer_of_python(given | bare)["folded"])
    rng = random.Random(f"{SEED} profiles {number}")
    texts = [own["merged"]] if "merged" in own else []
    given = given | {"profiles": texts + [json.dumps(broken(rng, json.loads(text))) for text in texts * 4]}
    return with_relative(rng, given)


def with_relative(rng: random.Random, given: Json) -> Json:
    """Return a case with a spec to carry to, and with what is kept by its own spec, spoiled."""
    given = given | {"relative": given["spec"], "spoiled": []}
    if "error" in answered(lambda: {"spec": ef.Spec.from_json(given["spec"])}):
        return given
    for _ in range(20):
        relative = relative_of(rng, given["spec"])
        if "error" not in answered(lambda: {"spec": ef.Spec.from_json(relative)}):  # noqa: B023
            given["relative"] = relative
            break
    told = answer_of_python(given)["carried"].get("told", [])
    given["spoiled"] = [json.dumps(broken(rng, json.loads(text))) for text, *_ in told[:4]]
    return given


@pytest.fixture(scope="module")
def given() -> list[Json]:
    return [with_profiles(number, case) for number, case in enumerate(cases(SEED, COUNT))]


@pytest.fixture(scope="module")
def expected(given: list[Json]) -> list[Any]:
    return [answered(partial(answer_of_python, case)) for case in given]


def test_python_and_typescript_answer_alike(built: Path, given: list[Json], expected: list[Any]) -> None:
    check_agreement(built, given, expected)


def check_agreement(built: Path, given: list[Json], expected: list[Any]) -> None:
    for number, (case, want, got) in enumerate(zip(given, expected, answers_of_typescript(built, given), strict=True)):
        if got != want:
            found = f"Python     {json.dumps(want)}\nTypeScript {json.dumps(got)}"
            pytest.fail(f"case {number} of seed {SEED}: {json.dumps(case)}\n{found}")


def test_the_cases_reach_every_aggregate_every_error_and_sums_past_2_53(given: list[Json], expected: list[Any]) -> None:
    features = [feature for case in given for feature in _objects(case["spec"].get("features"))]
    nodes = [node for feature in features for node in _objects(feature.get("ratio", [feature]))]
    seen = {(str(node.get("aggregate")), "window_ms" in node, "where" in node) for node in nodes}
    assert seen >= {(name, window, where) for name in AGGREGATES for window in (True, False) for where in (True, False)}
    answers = json.dumps(expected)
    for error in ReducerError.__subclasses__():
        assert f'"{error.__name__}"' in answers or error is InvalidTable
    assert re.search(r'\\"-?[0-9]{16,}\\"', answers)


@pytest.mark.parametrize(
    ("module", "right", "wrong"),
    [
        ("aggregates/window.js", "bucket >= first", "bucket > first"),
        ("aggregates/extreme.js", "|| a[2] - b[2]", ""),
        ("aggregates/extreme.js", "|| seq - this.seq", ""),
        ("canonical.js", "leftHigh === rightHigh ?", "true ?"),
        ("canonical.js", "if (Number.isSafeInteger(sum))", "if (true)"),
        ("carry.js", "entry.namedMs ?? before.lastMs", "before.lastMs"),
        ("carry.js", "held.state === null || lastMs", "true || lastMs"),
        ("aggregates/extreme.js", "displacing === undefined ? lastMs : displacing[0]", "lastMs"),
        ("aggregates/distinct.js", "n < cap && ", ""),
    ],
    ids=[
        "a bucket too few",
        "a merge without tie-break",
        "a fold without tie-break",
        "UTF-16 order",
        "inexact sums",
        "a retention that begins anew",
        "a store that forgets its states",
        "an edge outside that hides all",
        "a set that is never whole",
    ],
)
def test_a_fault_in_one_language_is_seen(
    built: Path, given: list[Json], tmp_path: Path, module: str, right: str, wrong: str
) -> None:
    sound = answers_of_typescript(built, given)
    faulty = tmp_path / "faulty"
    shutil.copytree(built, faulty)
    source = (faulty / module).read_text("utf-8")
    assert source.count(right) == 1
    (faulty / module).write_text(source.replace(right, wrong), "utf-8")
    with pytest.raises(pytest.fail.Exception, match="of seed"):
        check_agreement(faulty, given, sound)


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
