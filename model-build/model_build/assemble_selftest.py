"""The self-test of a version: what a device repeats before it trusts a file it was given."""

from __future__ import annotations

from typing import Any, Final

from governance.canonical import canonical_bytes, sha256_bytes
from governance.manifest import SelfTest

from model_build.results import EvaluationReport

__all__ = ["SELF_TEST_FILE", "self_test_content", "self_test_reference"]

SELF_TEST_FILE: Final = "artifacts/selftest.json"


def self_test_content(report: EvaluationReport) -> bytes | None:
    """Return the self-test file: fixed inputs, and what each variant answered to them.

    Inputs that variants share stand there once: ``variants.<name>[].case`` is their place.
    """
    cases: list[dict[str, Any]] = []
    variants: dict[str, list[dict[str, Any]]] = {}
    for item in report.artifacts:
        for test in item.self_tests:
            case = {
                "inputs": {name: list(values) for name, values in test.inputs.items()},
                "shapes": {name: list(shape) for name, shape in test.shapes.items()},
            }
            if case not in cases:
                cases.append(case)
            answer = {
                "name": test.name,
                "case": cases.index(case),
                "expected": list(test.expected),
                "tolerance": test.tolerance,
            }
            variants.setdefault(item.variant, []).append(answer)
    if not variants:
        return None
    head = {"apiVersion": "mobile-ai/v1", "kind": "SelfTest"}
    return canonical_bytes({**head, "cases": cases, "variants": variants})


def self_test_reference(report: EvaluationReport, content: bytes | None) -> SelfTest | None:
    """Return what the manifest says about the self-test file."""
    if content is None:
        return None
    cases = [case for item in report.artifacts for case in item.self_tests]
    return SelfTest(
        file=SELF_TEST_FILE,
        sha256=sha256_bytes(content),
        tolerance=max(case.tolerance for case in cases),
    )
