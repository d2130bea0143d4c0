"""Looking at model files from elsewhere before any runtime loads them.

A model is a program. A file counts as a model only by its content, only with operators
that are known, and only if it survives loading and one run in a process of its own that
has little memory, little time, no credentials and nothing else in its folder. This keeps
malformed files and greedy ones out; it is no jail for an exploit of the runtime itself,
which is why runtime versions have a floor in the project's dependencies.
"""

from __future__ import annotations

from model_build.inspection.errors import InspectionError
from model_build.inspection.examine import Inspected, inspect_file
from model_build.inspection.limits import Limits

__all__ = ["Inspected", "InspectionError", "Limits", "inspect_file"]
