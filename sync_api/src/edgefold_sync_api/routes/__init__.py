"""The calls over HTTP, a file a group; each is a blueprint."""

from . import delivery, diffs, health, profile, score

BLUEPRINTS = (profile.blueprint, diffs.blueprint, score.blueprint, delivery.blueprint, health.blueprint)
