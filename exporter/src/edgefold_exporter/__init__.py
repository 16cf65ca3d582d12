"""Turn a fitted model and a reducer spec into a verified Edgefold bundle."""

from .errors import BundleExists, ExportError, InvalidTrainingData, ParityError, UnsupportedModel
from .export import export

__version__ = "0.1.0"

__all__ = ["BundleExists", "ExportError", "InvalidTrainingData", "ParityError", "UnsupportedModel", "export"]
