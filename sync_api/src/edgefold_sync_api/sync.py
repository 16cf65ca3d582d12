"""The calls on a profile: each is one transaction around the pure decision, and answers JSON text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import edgefold_reducer as ef
from sqlalchemy import Connection, Engine

from . import profiles
from .caller import Caller
from .database import reading, writing
from .decide import Decision, Outcome, Timeline, decide
from .diff import Diff
from .errors import SubjectErased, TooManyReplicas
from .store import Contribution, Subject, erase, lock_subject, put_contribution, read_subject, retire

MAX_REPLICAS = 256
"""In a subject, not counting the retired."""
DAY_MS = 86_400_000


def init(engine: Engine, spec: ef.Spec, caller: Caller, replica: str | None) -> str:
    """Return the answer to ``GET /v1/profile``, by a spec."""
    with reading(engine) as connection:
        held = read_subject(connection, caller.subject)
    return _answer(spec, held, replica, held.timeline(replica), caller, {})


def put_diff(engine: Engine, caller: Caller, diff: Diff, retire_days: float) -> tuple[Outcome, str]:
    """Decide on a diff and store what follows; return the outcome and the answer to ``POST /v1/diffs``.

    Raises:
        SubjectErased: the diff is of an earlier epoch.
        TooManyReplicas: it is the first of a replica, and the subject is full.
    """
    spec, now_ms = diff.delta.spec, caller.now_ms
    with writing(engine) as connection:
        stored = lock_subject(connection, caller.subject)
        held = in_epoch(stored, diff.epoch)
        decision = decide_on(held, diff)
        if held is not stored:
            erase(connection, caller.subject, diff.epoch, now_ms)
        if decision.outcome in (Outcome.APPLIED, Outcome.REPLACED):
            oldest_ms = now_ms - int(retire_days * DAY_MS)
            held = _retire_unseen(connection, spec, held, diff.replica, oldest_ms)
            if diff.replica not in held.replicas and _active(held) >= MAX_REPLICAS:
                raise TooManyReplicas(MAX_REPLICAS)
            text = profiles.write(contribution_after(spec, held, diff, decision))
            put_contribution(connection, held, diff.replica, decision.timeline, text, now_ms)
        elif held is stored:
            connection.rollback()
    more = {
        "outcome": decision.outcome,
        "overlap": decision.overlap,
        "retry_after_ms": caller.retry_after_ms,
    }
    return decision.outcome, _answer(spec, held, diff.replica, decision.timeline, caller, more)


def in_epoch(held: Subject, epoch: int) -> Subject:
    """Return the subject as a diff of this epoch finds it: erased, where the server went back to before the erasure that the diff knows.

    Raises:
        SubjectErased: the diff is of an earlier epoch.
    """
    if epoch < held.epoch:
        raise SubjectErased(epoch, held.epoch)
    return held if epoch == held.epoch else Subject(held.subject, epoch, is_stored=True)


def decide_on(held: Subject, diff: Diff) -> Decision:
    """Decide on a diff of this subject."""
    return decide(held.timeline(diff.replica), diff, lambda: held.recent_elsewhere(diff.replica))


def contribution_after(spec: ef.Spec, held: Subject, diff: Diff, decision: Decision) -> ef.Profile:
    """Return the replica's profile as the decision leaves it."""
    known = held.replicas.get(diff.replica)
    before = profiles.merge_all(spec, [known.profile] if known is not None and known.profile is not None else [])
    if decision.outcome is Outcome.APPLIED:
        return ef.merge(spec, before, diff.delta)
    return diff.delta if decision.outcome is Outcome.REPLACED else before


def export(engine: Engine, spec: ef.Spec, subject: str) -> dict[str, Any]:
    """Return everything that is known of a subject: the answer to ``GET /v1/profile/export``."""
    with reading(engine) as connection:
        held = read_subject(connection, subject)
    return {
        "subject": subject,
        "spec": spec.id,
        "epoch": held.epoch,
        "attributes": profiles.attributes(spec, held.attributes),
        "base": profiles.merge_all(spec, held.base()).members(),
        "contributions": {replica: _exported(spec, known) for replica, known in held.replicas.items()},
        "profile": profiles.merge_all(spec, held.profiles()).members(),
    }


def _exported(spec: ef.Spec, known: Contribution) -> dict[str, Any]:
    texts = [known.profile] if known.profile is not None else []
    timeline = known.timeline
    return {"acked": timeline.acked, "head": timeline.head, "profile": profiles.merge_all(spec, texts).members()}


def delete(engine: Engine, subject: str, now_ms: int) -> int:
    """Erase a subject, known or not; return its new epoch."""
    with writing(engine) as connection:
        epoch = lock_subject(connection, subject).epoch + 1
        erase(connection, subject, epoch, now_ms)
    return epoch


def retire_replica(engine: Engine, spec: ef.Spec, subject: str, replica: str) -> None:
    """Move a replica's contribution into the subject's base; what it still sends is answered as a fork."""
    with writing(engine) as connection:
        held = lock_subject(connection, subject)
        if replica in held.replicas and not held.replicas[replica].is_retired:
            _retire(connection, spec, held, replica)


def _retire_unseen(connection: Connection, spec: ef.Spec, held: Subject, sender: str, oldest_ms: int) -> Subject:
    for replica, known in held.replicas.items():
        if replica != sender and not known.is_retired and known.seen_at_ms < oldest_ms:
            held = _retire(connection, spec, held, replica)
    return held


def _retire(connection: Connection, spec: ef.Spec, held: Subject, replica: str) -> Subject:
    texts = [text for text in (held.retired, held.replicas[replica].profile) if text is not None]
    retired = profiles.merged_text(spec, texts)
    retire(connection, held, replica, retired)
    ended = replace(held.replicas[replica], profile=None, is_retired=True)
    return replace(held, retired=retired, replicas={**held.replicas, replica: ended})


def _active(held: Subject) -> int:
    return sum(not known.is_retired for known in held.replicas.values())


def _answer(
    spec: ef.Spec, held: Subject, replica: str | None, timeline: Timeline, caller: Caller, more: dict[str, Any]
) -> str:
    members = {
        "spec": spec.id,
        "epoch": held.epoch,
        "acked": timeline.acked,
        "head": timeline.head,
        "attributes": profiles.attributes(spec, held.attributes),
        "subject_tag": caller.subject_tag,
        "server_time_ms": caller.now_ms,
    }
    text = json.dumps(members | more, separators=(",", ":"))[:-1]
    recent = '","'.join(timeline.recent)  # of characters that JSON takes as they are
    listed = f'["{recent}"]' if recent else "[]"
    others = profiles.merged_text(spec, held.profiles(without=replica))  # JSON already
    return f'{text},"recent":{listed},"others":{others}}}'
