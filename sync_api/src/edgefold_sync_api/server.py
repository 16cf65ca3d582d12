"""What a running application holds, and who asks it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import current_app, request
from sqlalchemy import Engine

from .caller import Caller
from .catalogue import Catalogue
from .config import Settings
from .metrics import Metrics
from .profiles import Profiles
from .rate import RateLimit
from .subject_tag import SubjectTags
from .tokens import read_token

EXTENSION = "edgefold_sync_api"


@dataclass(frozen=True)
class Server:
    """The parts of one application."""

    settings: Settings
    catalogue: Catalogue
    profiles: Profiles
    engine: Engine
    tags: SubjectTags
    rate: RateLimit
    metrics: Metrics


def current_server() -> Server:
    """Return the server of the application that is answering."""
    server: Server = current_app.extensions[EXTENSION]
    return server


def current_caller() -> Caller:
    """Return who asks.

    Raises:
        InvalidToken: nobody that this server knows.
        TooManyRequests: somebody who asks too often.
    """
    server = current_server()
    token = read_token(server.settings.secret, request.headers.get("Authorization"))
    return Caller(token, server.tags.tag(token.subject), now_ms(), server.rate.take(token.subject))


def now_ms() -> int:
    """Return the server's clock, in ms since the Unix epoch."""
    return time.time_ns() // 1_000_000
