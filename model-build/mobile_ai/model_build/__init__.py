"""Builds model versions: trains, optimises, evaluates and signs the artifacts of a recipe."""

import os

# Libraries of the build extra send usage data from the moment they are imported. onnxruntime:
# Privacy.md of its wheel; MLflow: https://mlflow.org/docs/latest/community/usage-tracking.html
os.environ |= {"ORT_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
