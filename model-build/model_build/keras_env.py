"""TensorFlow with Keras 2, made deterministic; imported by the steps that train or convert."""

from __future__ import annotations

import os
from typing import Any

from model_build.errors import need

__all__ = ["keras", "make_deterministic", "tensorflow"]

# tensorflow-model-optimization knows Keras 2 only; both must be chosen before the import.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# No step needs a GPU, and one would change the rounding and so the digests.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def tensorflow() -> Any:
    """Return the tensorflow module."""
    return need("tensorflow")


def keras() -> Any:
    """Return the tf_keras module."""
    tensorflow()
    return need("tf_keras")


def make_deterministic(seed: int) -> None:
    """Seed every generator and refuse operations that are not deterministic on CPU."""
    tf = tensorflow()
    keras().utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
