"""parliament, the linter of IAM policies, on an interpreter without ``pkg_resources``.

parliament 1.6 finds its data by a module that setuptools 82 took away; it asks it one question.
"""

import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

__all__ = ["findings", "parliament"]


@cache
def parliament() -> Any:
    """Return the module ``parliament``."""
    answering = ModuleType("pkg_resources")
    answering.resource_filename = _resource_filename  # type: ignore[attr-defined]
    with patch.dict(sys.modules, {"pkg_resources": answering}):
        return importlib.import_module("parliament")


def findings(policy: str) -> list[str]:
    """Return what parliament finds wrong in a policy, one line each."""
    analyzed = parliament().analyze_policy_string(policy)
    return [f"{finding.issue}: {finding.detail}" for finding in analyzed.findings]


def _resource_filename(package: str, name: str) -> str:
    folder = sys.modules[package].__file__
    assert folder is not None
    return str(Path(folder).parent / name)
