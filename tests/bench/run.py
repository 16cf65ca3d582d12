"""Run every benchmark and print what it measured, each beside what one would pick instead: ``make bench``.

``--write`` puts the table into README.md, between its two marks. A benchmark is a program that prints lines of JSON, each with its name in
``benchmark``; ``ROWS`` says how each reads in the table, and what was hoped for. A figure that falls short is printed as it is.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = (
    (sys.executable, "reducer/bench/fold.py"),
    ("node", "web_client/bench/fold.mjs"),
    (sys.executable, "reducer/bench/frame.py"),
    (sys.executable, "sync_api/bench/http.py"),
    ("node", "web_client/bench/size.mjs"),
    (sys.executable, "-m", "tests.bench.page"),
    (sys.executable, "-m", "tests.bench.device_log"),
)
START, END = "<!-- bench -->", "<!-- /bench -->"
Figures = dict[str, Any]

ROWS: dict[str, Callable[[Figures], list[tuple[str, str, str, str]]]] = {
    "fold in Python": lambda f: [
        (
            "`fold` in Python, 10 features, validated",
            f"{f['events_per_second']:,} events/s",
            f"{f['hand_written_loop_per_second']:,} events/s, a hand-written loop that checks nothing",
            f"{f['ratio']:.2f}",
        )
    ],
    "fold in Node": lambda f: [
        (
            "`fold` in Node, 10 features, validated",
            f"{f['events_per_second']:,} events/s",
            f"{f['hand_written_loop_per_second']:,} events/s, a hand-written loop that checks nothing",
            f"{f['ratio']:.2f}",
        )
    ],
    "training_frame": lambda f: [
        (
            f"`training_frame`, {f['events']:,} events x {f['rows']:,} rows x {f['features']} features",
            f"{f['seconds']:.2f} s",
            f"{f['hand_written_sql_seconds']:.2f} s, the same features hand-written in DuckDB SQL",
            f"{f['ratio_to_sql']:.2f}",
        ),
        (
            "the same, beside the pure-Python oracle",
            f"{f['seconds']:.2f} s",
            f"{f['oracle_seconds_for_all_rows']:.0f} s, from a sample of its rows",
            f"{f['ratio_to_oracle']:.3f}",
        ),
    ],
    "POST /v1/diffs": lambda f: [
        (
            "diffs a second, each durable in SQLite before its answer",
            f"{f['diffs_per_second']:,} requests/s",
            f"{f['empty_route_per_second']:,} requests/s, an empty Flask route",
            f"{f['ratio']:.2f}",
        )
    ],
    "size of the page": lambda f: [
        (
            "the client, minified and gzip",
            f"{f['core'] / 1000:.1f} kB",
            f"{(f['onnxruntime_js'] + f['onnxruntime_wasm']) / 1000:,.0f} kB, onnxruntime-web, which the first model loads",
            f"{f['core'] / (f['onnxruntime_js'] + f['onnxruntime_wasm']):.3f}",
        )
    ],
    "page": lambda f: [
        (
            f"navigation to the first score, {f['stored_events']:,} stored events",
            f"{f['first_score_ms']:.0f} ms",
            f"{f['runtime_alone_ms']:.0f} ms, onnxruntime-web alone with the same model",
            f"{f['ratio_of_loads']:.2f}",
        ),
        (
            f"`track` to the new score, {f['stored_events']:,} stored events",
            f"{_spread(f['track_to_score_ms'])}",
            f"{_spread(f['asking_a_server_ms'])}, asking a server on the same machine",
            f"{f['ratio_to_asking']:.2f}",
        ),
    ],
    "device log": lambda f: [
        (
            f"`track` until it is durable, {f['stored_events']:,} stored events",
            _spread(f["track_ms"]),
            f"{_spread(f['bare_ms'])}, a bare IndexedDB transaction",
            f"{f['track_ms']['median'] / f['bare_ms']['median']:.2f}",
        ),
        (
            f"its share of the main thread, {f['stored_events']:,} stored events",
            f"{f['track_main_thread_ms']:.2f} ms",
            f"{f['bare_main_thread_ms']:.2f} ms, a bare IndexedDB transaction",
            f"{f['track_main_thread_ms'] / f['bare_main_thread_ms']:.2f}",
        ),
        (
            f"opening and first score of a linear model, {f['stored_events']:,} events that no server has",
            f"{f['opening_ms']:.0f} ms",
            "",
            "",
        ),
        (
            f"sync of {f['stored_events']:,} events, {f['sync_requests']} requests, longest task {f['longest_task_ms']} ms",
            f"{f['sync_ms']:,} ms",
            f"{f['raw_ms']:,} ms, posting them raw in as many requests to a route that ignores them",
            f"{f['sync_ms'] / f['raw_ms']:.2f}",
        ),
    ],
}


def _spread(taken: Figures) -> str:
    return f"median {taken['median']:.1f} ms, p99 {taken['p99']:.1f} ms"


def measure(program: tuple[str, ...]) -> list[Figures]:
    """Run one program; return its lines."""
    print(f"==> {program[-1]}", file=sys.stderr, flush=True)
    run = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"edgefold: the benchmark {program[-1]} failed; its last words are above.")
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def table(found: list[Figures]) -> str:
    """Lay the figures out as a Markdown table."""
    lines = ["| what | Edgefold | beside | ratio |", "|---|---|---|---|"]
    for figures in found:
        lines += [f"| {' | '.join(row)} |" for row in ROWS[figures["benchmark"]](figures)]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and perhaps write."""
    found = [figures for program in PROGRAMS for figures in measure(program)]
    note = f"One run of `make bench` on {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}."
    text = f"{table(found)}\n\n{note}"
    print(text)
    artifacts = ROOT / ".artifacts"
    artifacts.mkdir(exist_ok=True)
    (artifacts / "bench.json").write_text(json.dumps(found, indent=1) + "\n")
    if "--write" in sys.argv:
        readme = ROOT / "README.md"
        pattern = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
        readme.write_text(pattern.sub(lambda _: f"{START}\n{text}\n{END}", readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
