"""The model, run by onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from .errors import InvalidBundle
from .manifest import Manifest

_TYPES = {"double": "tensor(double)", "string": "tensor(string)", "int32": "tensor(int32)"}
_QUIET = 3


class Session:
    """A loaded model. Thread safe: onnxruntime's ``run`` is."""

    def __init__(self, manifest: Manifest, model: bytes) -> None:
        self._file = manifest.model_file
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums then have one order
        options.log_severity_level = _QUIET
        options.add_session_config_entry(
            "session.load_model_format", "ONNX"
        )  # what was checked, no other that it sniffs
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises one class a failure
            raise InvalidBundle(manifest.model_file, str(error)[:200], "a model that onnxruntime loads") from error
        for what, tensors, there in (
            ("input", manifest.inputs, self._session.get_inputs()),
            ("output", manifest.outputs, self._session.get_outputs()),
        ):
            declared = {tensor.name: (_TYPES[tensor.type], tensor.shape) for tensor in tensors}
            found = {t.name: (t.type, tuple(s if isinstance(s, int) else None for s in t.shape)) for t in there}
            if declared != found:
                raise InvalidBundle(f"{manifest.model_file} {what}s", found, f"{declared}, as the manifest says")

    def run(self, inputs: dict[str, npt.NDArray[Any]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Return (label indices (N,), probabilities (N, C)).

        Raises:
            InvalidBundle: onnxruntime broke off, with inputs of the declared types and shapes.
        """
        try:
            label, probabilities = self._session.run(["label", "probabilities"], inputs)
        except Exception as error:  # onnxruntime raises one class a failure
            raise InvalidBundle(self._file, str(error)[:200], "a model that runs") from error
        return label, probabilities
