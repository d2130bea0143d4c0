"""Serves models over the Open Inference Protocol v2, and verifies what it serves."""

import os

# onnxruntime sends usage data from the moment it is imported, and its own call to stop it comes
# after that (Privacy.md of its wheel: the variable must be set before it initializes).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
