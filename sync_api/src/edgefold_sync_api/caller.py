"""Who asks, and when."""

from __future__ import annotations

from dataclasses import dataclass

from .tokens import Token


@dataclass(frozen=True)
class Caller:
    """The token, the tag of its subject, the server's clock, and in how many ms the subject may ask again."""

    token: Token
    subject_tag: str
    now_ms: int
    retry_after_ms: int = 0

    @property
    def subject(self) -> str:
        """The token's subject."""
        return self.token.subject
