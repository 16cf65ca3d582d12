"""The calls on a profile: each is one transaction around the pure decision, and answers JSON text."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import edgefold_reducer as ef
from sqlalchemy import Connection, Engine

from .caller import Caller
from .database import reading, writing
from .decide import Decision, Outcome, Timeline, decide
from .diff import Diff
from .errors import SubjectErased, TooManyReplicas
from .profiles import NOTHING, Profiles, attributes, check_readable, keep_over
from .store import Contribution, Subject, erase, lock_subject, put_contribution, read_subject, retire

MAX_REPLICAS = 256
"""In a subject, not counting the retired."""
DAY_MS = 86_400_000


def init(engine: Engine, profiles: Profiles, spec: ef.Spec, caller: Caller, replica: str | None) -> str:
    """Return the answer to ``GET /v1/profile``, by a spec."""
    with reading(engine) as connection:
        held = read_subject(connection, caller.subject)
    return _answer(profiles, spec, held, replica, held.timeline(replica), caller, {})


def put_diff(engine: Engine, profiles: Profiles, caller: Caller, diff: Diff, retire_days: float) -> tuple[Outcome, str]:
    """Decide on a diff and store what follows; return the outcome and the answer to ``POST /v1/diffs``.

    Raises:
        SubjectErased: the diff is of an earlier epoch.
        TooManyReplicas: it is the first of a replica, and the subject is full.
        InvalidProfile: with it, a state would be larger than any reader takes.
    """
    now_ms = caller.now_ms
    with writing(engine) as connection:
        stored = lock_subject(connection, caller.subject)
        held = in_epoch(stored, diff.epoch)
        decision = decide_on(held, diff)
        if held is not stored:
            erase(connection, caller.subject, diff.epoch, now_ms)
        if decision.outcome in (Outcome.APPLIED, Outcome.REPLACED):
            oldest_ms = now_ms - int(retire_days * DAY_MS)
            held = _retire_unseen(connection, profiles, held, diff.replica, oldest_ms)
            if diff.replica not in held.replicas and _active(held) >= MAX_REPLICAS:
                raise TooManyReplicas(MAX_REPLICAS)
            text = profiles.write(contribution_after(profiles, held, diff, decision))
            if decision.outcome is Outcome.APPLIED:
                check_readable(text, diff.delta, _kept_before(profiles, held, diff))
            put_contribution(connection, held, diff.replica, decision.timeline, text, now_ms)
        elif held is stored:
            connection.rollback()
    more = {
        "outcome": decision.outcome,
        "overlap": decision.overlap,
        "retry_after_ms": caller.retry_after_ms,
    }
    return decision.outcome, _answer(profiles, diff.delta.spec, held, diff.replica, decision.timeline, caller, more)


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


def contribution_after(profiles: Profiles, held: Subject, diff: Diff, decision: Decision) -> ef.Kept:
    """Return what is kept of the replica as the decision leaves it."""
    before = _kept_before(profiles, held, diff)
    if decision.outcome is Outcome.APPLIED:
        return ef.add(before, diff.delta, diff.since_ms)
    if decision.outcome is Outcome.REPLACED:
        is_same = held.timeline(diff.replica).acked == diff.last
        return keep_over(before, diff.delta, diff.since_ms, is_same)
    return before


def _kept_before(profiles: Profiles, held: Subject, diff: Diff) -> ef.Kept:
    known = held.replicas.get(diff.replica)
    return NOTHING if known is None or known.profile is None else profiles.read(known.profile)


def export(engine: Engine, profiles: Profiles, spec: ef.Spec, subject: str) -> dict[str, Any]:
    """Return everything that is known of a subject: the answer to ``GET /v1/profile/export``.

    What it means by a spec, and in ``kept`` what is stored, whichever specs it is of.
    """
    with reading(engine) as connection:
        held = read_subject(connection, subject)
    whole = profiles.carry(spec, held.profiles())
    return {
        "subject": subject,
        "spec": spec.id,
        "epoch": held.epoch,
        "attributes": json.loads(held.attributes),
        "base": profiles.carry(spec, held.base()).profile.members(),
        "contributions": {replica: _exported(profiles, spec, known) for replica, known in held.replicas.items()},
        "profile": whole.profile.members(),
        "since": dict(whole.since_ms),
        "kept": {
            "imported": _kept(profiles, held.imported),
            "retired": _kept(profiles, held.retired),
            "contributions": {replica: _kept(profiles, known.profile) for replica, known in held.replicas.items()},
        },
    }


def _exported(profiles: Profiles, spec: ef.Spec, known: Contribution) -> dict[str, Any]:
    texts = [known.profile] if known.profile is not None else []
    timeline = known.timeline
    profile = profiles.carry(spec, texts).profile.members()
    return {"acked": timeline.acked, "head": timeline.head, "profile": profile}


def _kept(profiles: Profiles, text: str | None) -> dict[str, Any] | None:
    return None if text is None else profiles.read(text).members()


def delete(engine: Engine, subject: str, now_ms: int) -> int:
    """Erase a subject, known or not; return its new epoch."""
    with writing(engine) as connection:
        epoch = lock_subject(connection, subject).epoch + 1
        erase(connection, subject, epoch, now_ms)
    return epoch


def retire_replica(engine: Engine, profiles: Profiles, subject: str, replica: str) -> None:
    """Move a replica's contribution into the subject's base; what it still sends is answered as a fork."""
    with writing(engine) as connection:
        held = lock_subject(connection, subject)
        if replica in held.replicas and not held.replicas[replica].is_retired:
            _retire(connection, profiles, held, replica)


def _retire_unseen(connection: Connection, profiles: Profiles, held: Subject, sender: str, oldest_ms: int) -> Subject:
    for replica, known in held.replicas.items():
        if replica != sender and not known.is_retired and known.seen_at_ms < oldest_ms:
            held = _retire(connection, profiles, held, replica)
    return held


def _retire(connection: Connection, profiles: Profiles, held: Subject, replica: str) -> Subject:
    texts = [text for text in (held.retired, held.replicas[replica].profile) if text is not None]
    retired = profiles.merge(texts) if texts else None
    retire(connection, held, replica, retired)
    ended = replace(held.replicas[replica], profile=None, is_retired=True)
    return replace(held, retired=retired, replicas={**held.replicas, replica: ended})


def _active(held: Subject) -> int:
    return sum(not known.is_retired for known in held.replicas.values())


def _answer(
    profiles: Profiles,
    spec: ef.Spec,
    held: Subject,
    replica: str | None,
    timeline: Timeline,
    caller: Caller,
    more: dict[str, Any],
) -> str:
    members = {
        "spec": spec.id,
        "epoch": held.epoch,
        "acked": timeline.acked,
        "head": timeline.head,
        "attributes": attributes(spec, held.attributes),
        "subject_tag": caller.subject_tag,
        "server_time_ms": caller.now_ms,
    }
    text = json.dumps(members | more, separators=(",", ":"))[:-1]
    recent = '","'.join(timeline.recent)  # of characters that JSON takes as they are
    listed = f'["{recent}"]' if recent else "[]"
    others, since = profiles.answer(spec, held.profiles(without=replica))  # JSON already
    return f'{text},"recent":{listed},"others":{others},"since":{since}}}'
