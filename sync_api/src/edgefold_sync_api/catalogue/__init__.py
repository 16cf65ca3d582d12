"""What the server serves: specs, and bundles with their files. It lies in the database, and running workers follow it."""

from .configured import Configured, read_configured
from .current import Catalogue, open_catalogue
from .publish import publish_bundle, publish_spec, roll_back
from .release import Blob, Release

__all__ = [
    "Blob",
    "Catalogue",
    "Configured",
    "Release",
    "open_catalogue",
    "publish_bundle",
    "publish_spec",
    "read_configured",
    "roll_back",
]
