"""Imports TensorFlow with Keras 2 and makes it deterministic, for training and conversion."""

from __future__ import annotations

import os
from typing import Any

from mobile_ai.model_build.errors import need

# tensorflow-model-optimization supports Keras 2 only; both are read when TensorFlow is imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# GPU kernels round differently, which would change the digests.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def tensorflow() -> Any:
    """Return the tensorflow module."""
    return need("tensorflow")


def keras() -> Any:
    """Return the tf_keras module."""
    tensorflow()
    return need("tf_keras")


def make_deterministic(seed: int) -> None:
    """Seed all generators and make TensorFlow operations deterministic or fail."""
    tf = tensorflow()
    keras().utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
