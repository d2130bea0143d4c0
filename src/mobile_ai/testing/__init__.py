"""Test kit for authors of rules: a signed in-memory plan, and edits of single properties.

>>> from mobile_ai.testing import Scene, changed
>>> scene = Scene()
>>> deployment = changed(
...     scene.deployment(), "spec", "dataProcessing", "region", to="us-east-1"
... )
>>> scene.outcome("data-residency", deployment)
'fail'
"""

from __future__ import annotations

from mobile_ai.testing.change import changed, secret, unknown, without
from mobile_ai.testing.plan import Scene
from mobile_ai.testing.samples import SAMPLE_TYPES
from mobile_ai.testing.signing import Signers, make_record, make_trust_text
from mobile_ai.testing.version import make_version

__all__ = [
    "SAMPLE_TYPES",
    "Scene",
    "Signers",
    "changed",
    "make_record",
    "make_trust_text",
    "make_version",
    "secret",
    "unknown",
    "without",
]
