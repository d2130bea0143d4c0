"""Inspection of untrusted model files before a runtime loads them.

A model file is untrusted code for its runtime. A file is accepted by its content (not its name),
with known operators only, and if it loads and runs once in a separate process with limited memory
and time, without credentials or other files. This rejects malformed and resource-exhausting files.
It does not contain an exploit of the runtime itself, which is why the project's dependencies set
minimum runtime versions.
"""

from __future__ import annotations

from mobile_ai.model_build.inspection.errors import InspectionError
from mobile_ai.model_build.inspection.examine import Inspected, inspect_file
from mobile_ai.model_build.inspection.limits import InspectionLimits

__all__ = ["Inspected", "InspectionError", "InspectionLimits", "inspect_file"]
