"""Read, verify and score an Edgefold bundle in Python."""

from .bundle import Bundle, Scores
from .errors import BundleError, BundleExpired, InvalidBundle, InvalidRows
from .manifest import Manifest
from .verify import Verification, verify

__version__ = "0.1.0"

__all__ = [
    "Bundle",
    "BundleError",
    "BundleExpired",
    "InvalidBundle",
    "InvalidRows",
    "Manifest",
    "Scores",
    "Verification",
    "verify",
]
