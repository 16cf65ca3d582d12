"""A score by the server: of the stored profile, or of what it would be with a diff."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import edgefold_reducer as ef
import edgefold_serving
from edgefold_reducer.canonical import MAX_SAFE_INTEGER
from sqlalchemy import Engine

from .caller import Caller
from .catalogue import Catalogue
from .database import reading
from .decide import Outcome
from .diff import Diff, Specs, check_integer, check_members, parse_diff
from .errors import BundleExpired, DiffRefused, Forbidden, InvalidRequest
from .profiles import Profiles, attributes, merge_carried
from .store import Subject, read_subject
from .subject_tag import SubjectTags
from .sync import contribution_after, decide_on, in_epoch
from .tokens import SCORE, is_subject

MEMBERS = ("bundle", "now_ms", "subject", "attributes", "diff")


@dataclass(frozen=True)
class ScoreRequest:
    """The body of ``POST /v1/score``; None where a member was left out."""

    bundle: str | None
    now_ms: int | None
    subject: str
    attributes: Mapping[str, Any]
    diff: Diff | None


def parse_score_request(specs: Specs, value: object, caller: Caller, tags: SubjectTags) -> ScoreRequest:
    """Return the request that JSON holds; ``specs`` gives the live spec of an id.

    Raises:
        InvalidRequest: names the member, its value, and what was expected.
        Forbidden: it names a subject, and the token's scope is not ``score``.
        SubjectMismatch: its diff is of another subject.
    """
    members = check_members("", value, (), MEMBERS)
    bundle, now = members.get("bundle"), members.get("now_ms")
    if bundle is not None and not isinstance(bundle, str):
        raise InvalidRequest("bundle", bundle, "the name of a bundle")
    subject = members.get("subject")
    if subject is not None:
        if caller.token.scope != SCORE:
            raise Forbidden("subject", SCORE)
        if not is_subject(subject):
            raise InvalidRequest("subject", subject, "a subject's name")
    subject = caller.subject if subject is None else subject
    given = members.get("attributes")
    if given is not None and not isinstance(given, Mapping):
        raise InvalidRequest("attributes", given, "an object")
    diff = members.get("diff")
    return ScoreRequest(
        bundle=bundle,
        now_ms=None if now is None else check_integer("now_ms", now, 0, MAX_SAFE_INTEGER),
        subject=subject,
        attributes=given or {},
        diff=None if diff is None else parse_diff(specs, diff, tags.tag(subject), caller.now_ms, "diff."),
    )


def score(
    engine: Engine, catalogue: Catalogue, profiles: Profiles, request: ScoreRequest, now_ms: int
) -> dict[str, Any]:
    """Return the answer to ``POST /v1/score``; nothing is stored.

    Raises:
        NotFound: the server has no such bundle.
        BundleExpired: the bundle's last moment is past.
        DiffRefused: the diff would not be applied or replaced.
        InvalidRequest: an attribute that the spec refuses, or a now_ms that the profile's last event has not passed.
    """
    bundle = catalogue.bundle(catalogue.release(request.bundle))
    spec = bundle.spec
    with reading(engine) as connection:
        held = read_subject(connection, request.subject)
    carried = _carried(profiles, spec, held, request.diff)
    profile = carried.profile
    given = attributes(spec, held.attributes) | dict(request.attributes)
    now = max(now_ms, (profile.last_ms or 0) + 1) if request.now_ms is None else request.now_ms
    try:
        row = ef.features(spec, profile, now, given)
        scores = bundle.score([row])
    except ef.ReadOutTooEarly as error:
        raise InvalidRequest("now_ms", now, f"an integer over {error.last_ms}, the profile's last event") from None
    except ef.InvalidAttribute as error:
        raise InvalidRequest(f"attributes.{ascii(error.attribute)[1:-1]}", error.value, error.expected) from None
    except edgefold_serving.BundleExpired as error:
        raise BundleExpired(error.name, error.expires) from None
    return {
        "bundle": bundle.manifest.name,
        "version": bundle.manifest.version,
        "label": scores.labels[0].item(),
        "score": float(scores.scores[0]),
        "probabilities": scores.probabilities[0].tolist(),
        "features": {n: None if isinstance(x, float) and math.isnan(x) else x for n, x in row.items()},
        "since": ef.since_of(spec, carried.since_ms, now),
        "now_ms": now,
    }


def _carried(profiles: Profiles, spec: ef.Spec, held: Subject, diff: Diff | None) -> ef.Carried:
    if diff is None:
        return profiles.carry(spec, held.profiles())
    held = in_epoch(held, diff.epoch)
    decision = decide_on(held, diff)
    if decision.outcome not in (Outcome.APPLIED, Outcome.REPLACED, Outcome.DUPLICATE):
        raise DiffRefused(decision.outcome, list(decision.overlap))
    others = profiles.carry(spec, held.profiles(without=diff.replica))
    return merge_carried(spec, [others, ef.carry(spec, contribution_after(profiles, held, diff, decision))])
