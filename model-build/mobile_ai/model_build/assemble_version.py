"""One version from recipe to signed folder: make, measure, assemble, sign, write."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.manifest import Parent
from mobile_ai.contracts.trust import Trust
from mobile_ai.model_build.assemble import AssemblyError, assemble
from mobile_ai.model_build.assemble_evidence import Occasion, build_evidence
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.evaluation import evaluation_predicate
from mobile_ai.model_build.results import BuildResult, EvaluationReport
from mobile_ai.model_build.writer import (
    MANIFEST_FILE,
    WrittenVersion,
    read_version,
    write_version,
)
from mobile_ai.signing.files import check_writable
from mobile_ai.signing.roles import check_key

DEFAULT_BUILDER: Final = "urn:mobile-ai:builder:local"
"""Builder in the provenance of a build outside of CI."""

# Makes and measures; the seam between the training half of this room and the evidence half.
Make = Callable[[], tuple[BuildResult, EvaluationReport]]
"""Makes and measures a version; separates training from evidence."""


class GateFailedError(ModelBuildError):
    """A gate of the recipe did not pass, so there is no manifest; the report is kept."""


def build_version(
    make: Make,
    *,
    models: Path,
    signers: Mapping[str, Signer],
    lifetime: timedelta,
    reports: Path,
    builder: str = DEFAULT_BUILDER,
    ship: tuple[str, ...] = (),
    commit: str = "unknown",
    store: str | None = None,
    trust: Trust | None = None,
) -> WrittenVersion:
    """Make a version, sign what was found and write its folder.

    Args:
        make: Returns what was built and what the evaluator measured.
        models: The folder of all models.
        signers: By role: ``builder`` and ``evaluator``.
        lifetime: Validity of the evaluation.
        reports: Folder for the report of a build, passed or not.
        builder: URI of who builds, for the provenance.
        ship: Variants that the version holds; all of them when empty. The gates judge every
            variant that was built, shipped or not.
        commit: Source commit, see ``source.source_commit``.
        store: Location of artifacts too large for Git; they are written beside the
            reports, to be uploaded there.
        trust: If given, both keys must be active in it, each in its role.

    Raises:
        GateFailedError: If a gate failed or stayed undecided; nothing is written but the
            report.
        ModelBuildError: If a step fails.
    """
    _check_keys(signers, trust)
    check_writable([models / MANIFEST_FILE, reports / MANIFEST_FILE])  # before minutes of work
    started = _now()
    build, report = make()
    finished = _now()
    check_writable([models / build.model / build.version / MANIFEST_FILE])
    path = _write_report(report, reports, finished, lifetime)
    if not report.passed:
        raise _gate_failed(report, path)
    build, report = _shipped(build, report, ship)
    parent = parent_manifest(build, models)
    draft = assemble(build, report, created=finished, commit=commit, parent=parent, store=store)
    ends = finished + lifetime
    occasion = Occasion(
        started=started, finished=finished, expires=ends, commit=commit, builder=builder
    )
    evidence = build_evidence(draft, build, report, signers=signers, occasion=occasion)
    return write_version(draft, evidence, models=models, large=reports / "large")


def parent_manifest(build: BuildResult, models: Path) -> Parent | None:
    """Return the manifest of the version that a fine-tune started from.

    Raises:
        AssemblyError: If it is not there, or is not the file that was started from.
    """
    if build.parent is None:
        return None
    found = read_version(models / build.parent.model / build.parent.version)
    known = {item.digest for item in found.manifest.artifacts}
    if build.parent.sha256 not in known:
        raise AssemblyError(
            f"parent {build.parent.model} {build.parent.version}",
            got=f"a version without the artifact {build.parent.sha256[:12]}",
            expected="the version whose weights the fine-tune started from",
            next_step="build the parent again (`mobile-ai model build`), or restore it from Git",
        )
    return Parent(version=build.parent.version, sha256=found.sha256)


def _check_keys(signers: Mapping[str, Signer], trust: Trust | None) -> None:
    """Refuse one key for both roles, and keys that the trust, if given, does not have for them.

    It comes first: otherwise minutes would go into a version that nobody trusts.
    """
    builder, evaluator = (signers[role].public_key.keyid for role in ("builder", "evaluator"))
    if builder == evaluator:
        raise ModelBuildError(
            "signers",
            got=f"key {builder[:12]} as builder and as evaluator",
            expected="two keys: who builds does not judge what was built",
            next_step="name another key with --evaluator-key",
        )
    if trust is not None:
        for role, signer in signers.items():
            check_key(signer.public_key, role=role, trust=trust)


def _shipped(
    build: BuildResult, report: EvaluationReport, ship: tuple[str, ...]
) -> tuple[BuildResult, EvaluationReport]:
    if not ship:
        return build, report
    wanted = {*ship, build.reference}
    unknown = wanted - {item.variant for item in build.variants}
    if unknown:
        raise AssemblyError(
            f"variants to ship of {build.model} {build.version}",
            got=f"{sorted(unknown)}",
            expected=f"some of {[item.variant for item in build.variants]}",
            next_step="name variants of the recipe",
        )
    variants = tuple(item for item in build.variants if item.variant in wanted)
    artifacts = tuple(item for item in report.artifacts if item.variant in wanted)
    gates = tuple(item for item in report.gates if item.variant in wanted)
    left_out = [item.variant for item in build.variants if item.variant not in wanted]
    notes = (*report.notes, f"built and measured, not shipped: {', '.join(left_out)}")
    return (
        dataclasses.replace(build, variants=variants),
        dataclasses.replace(report, artifacts=artifacts, gates=gates, notes=notes),
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _write_report(
    report: EvaluationReport, reports: Path, issued: datetime, lifetime: timedelta
) -> Path:
    path = reports / f"{report.model}-{report.version}.json"
    value = evaluation_predicate(report, issued=issued, expires=issued + lifetime)
    write_whole(path, f"{json.dumps(value, indent=1)}\n".encode())
    return path


def _gate_failed(report: EvaluationReport, path: Path) -> GateFailedError:
    open_gates = [
        f"{item.gate} of {item.variant} {item.status.value} ({item.reason})"
        for item in report.gates
        if item.status != "pass"
    ]
    return GateFailedError(
        f"{report.model} {report.version}",
        got="; ".join(open_gates) or "no gate at all",
        expected="every gate of the recipe to pass",
        next_step=f"read {path}; change the recipe, or measure more rows if undecided",
    )
