"""The self-test of a version: what a device repeats before it trusts a file it was given."""

from __future__ import annotations

from typing import Any, Final

from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import ModelManifest, SelfTest
from mobile_ai.contracts.self_test import SelfTestSizeError, check_self_test
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.results import EvaluationReport

SELF_TEST_FILE: Final = "artifacts/selftest.json"
"""Path of the self-test, relative to the manifest."""

_SMALLER: Final = (
    "export the model with smaller inputs or outputs, or give smaller shapes (source.probeShapes) "
    "where the file leaves sizes free: one case of each variant is too large already"
)
_OTHER_INPUTS: Final = (
    "try the model on inputs that every output answers (source.probe, probeShapes, probeValues)"
)


def with_self_test(
    manifest: ModelManifest, report: EvaluationReport
) -> tuple[ModelManifest, bytes | None]:
    """Return the manifest with its self-test, and the file: with as many cases as devices accept.

    Raises:
        ModelBuildError: If no case is accepted for every variant, or a case misses an output.
    """
    most = max((len(item.self_tests) for item in report.artifacts), default=0)
    for count in range(most, 0, -1):
        content = _content(report, count)
        reference = SelfTest(
            file=SELF_TEST_FILE, digest=sha256_bytes(content), tolerance=_tolerance(report, count)
        )
        found = manifest.model_copy(update={"self_test": reference})
        try:
            check_self_test(content, found)
        except SelfTestSizeError as error:
            if count == 1:
                raise _unfit(error, _SMALLER) from error
        except GovernanceError as error:
            raise _unfit(error, _OTHER_INPUTS) from error
        else:
            return found, content
    return manifest, None


def _unfit(error: GovernanceError, next_step: str) -> ModelBuildError:
    return ModelBuildError(error.what, got=error.got, expected=error.expected, next_step=next_step)


def _content(report: EvaluationReport, count: int) -> bytes:
    """Return the file with at most so many cases of each variant.

    Inputs that variants share stand there once: ``variants.<name>[].case`` is their place.
    """
    cases: list[dict[str, Any]] = []
    variants: dict[str, list[dict[str, Any]]] = {}
    for item in report.artifacts:
        for test in item.self_tests[:count]:
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
    head = {"apiVersion": "mobile-ai/v1", "kind": "SelfTest"}
    return canonical_bytes({**head, "cases": cases, "variants": variants})


def _tolerance(report: EvaluationReport, count: int) -> float:
    cases = [case for item in report.artifacts for case in item.self_tests[:count]]
    return max(case.tolerance for case in cases)
