"""Bearer tokens: JWT by HS256, which say who the subject is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache

import jwt

from .errors import InvalidToken
from .schema import MAX_SUBJECT_CHARACTERS

ALGORITHM, ISSUER = "HS256", "edgefold"
CACHED_TOKENS = 4_096
SCORE = "score"
"""The scope of a back end that may name a subject to score."""


@dataclass(frozen=True)
class Token:
    """What a token says: the subject, and the scope (None for a device)."""

    subject: str
    scope: str | None


def issue_token(secret: str, subject: str, hours: float, scope: str | None = None) -> str:
    """Return a token for a subject that is valid for some hours."""
    claims = {"iss": ISSUER, "sub": subject, "exp": int(time.time() + hours * 3_600)}
    return jwt.encode(claims if scope is None else claims | {"scope": scope}, secret, algorithm=ALGORITHM)


def read_token(secret: str, header: str | None) -> Token:
    """Return what the token of an Authorization header says.

    Raises:
        InvalidToken: it is missing, past, not signed by this secret, or names no subject.
    """
    kind, _, text = (header or "").partition(" ")
    if kind.lower() != "bearer" or not text:
        raise InvalidToken("the Authorization header has no bearer token")
    token, expires_s = _verified(secret, text.strip())
    if expires_s <= time.time():
        raise InvalidToken("the token is refused (ExpiredSignatureError)")
    return token


@lru_cache(maxsize=CACHED_TOKENS)
def _verified(secret: str, text: str) -> tuple[Token, float]:
    """Return what a token says and when it expires. A signature stays good; only the time goes on."""
    try:
        claims = jwt.decode(
            text, secret, algorithms=[ALGORITHM], issuer=ISSUER, options={"require": ["exp", "iss", "sub"]}
        )
        expires_s = float(claims["exp"])
    except (jwt.InvalidTokenError, OverflowError, TypeError, ValueError, RecursionError) as error:
        raise InvalidToken(f"the token is refused ({type(error).__name__})") from None
    scope = claims.get("scope")
    if scope not in (None, SCORE):
        raise InvalidToken("the token's scope is unknown")
    return Token(check_subject(claims["sub"]), scope), expires_s


def check_subject(value: object) -> str:
    """Return value where it can name a subject, else raise InvalidToken."""
    if not is_subject(value):
        raise InvalidToken(f"the token's sub is not 1 to {MAX_SUBJECT_CHARACTERS} printable characters")
    return str(value)


def is_subject(value: object) -> bool:
    """Whether value can name a subject: text that every database keeps."""
    return isinstance(value, str) and 1 <= len(value) <= MAX_SUBJECT_CHARACTERS and value.isprintable()
