"""The Edgefold sync API: initial profiles, diffs, scoring and bundle delivery over HTTP."""

from .app import create_app
from .bulk import import_attributes, import_profiles
from .errors import InvalidConfiguration, InvalidImport, Problem, SyncError
from .tokens import issue_token

__version__ = "0.1.0"

__all__ = [
    "InvalidConfiguration",
    "InvalidImport",
    "Problem",
    "SyncError",
    "create_app",
    "import_attributes",
    "import_profiles",
    "issue_token",
]
