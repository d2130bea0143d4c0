"""Test kit for authors of rules: a signed in-memory plan, and edits of single properties.

>>> from governance.testing import Scene, changed
>>> scene = Scene()
>>> deployment = changed(
...     scene.deployment(), "spec", "dataProcessing", "region", to="us-east-1"
... )
>>> scene.outcome("data-residency", deployment)
'fail'
"""

from __future__ import annotations

from governance.testing.change import changed, secret, unknown, without
from governance.testing.plan import Scene
from governance.testing.samples import SAMPLE_TYPES
from governance.testing.signing import Signers, make_record, make_trust_text
from governance.testing.version import make_version

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
