"""Key ceremony of the sample repository: signs everything with ephemeral keys.

Every role gets an ECDSA P-256 key that exists in this process only. The sample models are built and
signed in role order, the record drafts are signed, version 1 of each trust file is written with the
public keys, and everything is verified before it is put in place. After the process exits, nothing
new can be signed for these roles; production use starts with own keys (`mobile-ai trust new`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.predicates import TRUST
from mobile_ai.contracts.statements import dump_record, sign_statement, statement_of
from mobile_ai.contracts.trust import Role, Trust, TrustedKey, load_trust, trust_predicate
from mobile_ai.model_build.approve import approve, load_assessment
from mobile_ai.model_build.assemble_recipe import maker
from mobile_ai.model_build.assemble_version import Make, build_version
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.signing import fresh_signer
from mobile_ai.model_build.source import source_commit
from mobile_ai.model_build.verify import verify_version
from mobile_ai.model_build.writer import MANIFEST_FILE, WrittenVersion, read_draft, write_version
from mobile_ai.signing.drafts import RecordDraft, check_new, load_drafts
from mobile_ai.signing.files import write_files
from mobile_ai.signing.records import record_text

LIFETIME: Final = timedelta(days=3653)
"""Validity of the samples: ten years, so that they stay valid for readers."""
ROOT_KEYS: Final = 2
"""Number of keys of the root."""
ROLES: Final = (
    "builder",
    "evaluator",
    "ethics-reviewer",
    "finops-approver",
    "security",
    "operations",
    "pipeline",
)
"""Roles that get one key each."""
_HEADER: Final = (
    "# Made by `mobile-ai model samples`. The private halves of these keys were thrown away\n"
    "# when it ended: the samples stay verifiable, and nothing new can be signed as them.\n"
)

_Keys = Mapping[str, tuple[CryptoSigner, ...]]
_Progress = Callable[[str], None]


class CeremonyError(ModelBuildError):
    """A ceremony whose results do not verify, or whose arguments are invalid."""


_impossible = CeremonyError.advising("fix it and run `make model` again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A model to build, the assessment to sign for it, and the variants to ship."""

    recipe: Path
    assessment: Path
    ship: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """Inputs and output folders of a ceremony.

    Attributes:
        anchors: Environments whose trust file is replaced.
        samples: The samples in build order; a fine-tuned one after its parent.
        root: The repository; records are written to their paths below it.
        models: The folder of all models.
        trust: The folder of the trust files.
        records: The folder of record drafts.
        reports: The folder of evaluation reports.
        make: Returns the build function of a recipe (see ``assemble_version.Make``).
    """

    anchors: tuple[str, ...]
    samples: tuple[Sample, ...]
    root: Path
    models: Path
    trust: Path
    records: Path
    reports: Path
    make: Callable[[Path], Make]


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyOutcome:
    """Results of a ceremony.

    Attributes:
        versions: The sample versions, with their new pins.
        trust: Trust files written.
        records: Signed records written.
    """

    versions: tuple[WrittenVersion, ...]
    trust: tuple[Path, ...]
    records: tuple[Path, ...] = field(default=())


def fresh_keys(environment: str) -> dict[str, tuple[CryptoSigner, ...]]:
    """Return new keys for every role, two of them for ``root:<environment>``."""
    keys: dict[str, tuple[CryptoSigner, ...]] = {role: (fresh_signer(),) for role in ROLES}
    keys[f"root:{environment}"] = tuple(fresh_signer() for _ in range(ROOT_KEYS))
    return keys


def trust_text(environment: str, keys: _Keys, *, expires: datetime) -> str:
    """Return version 1 of an environment's trust file, signed by both of its root keys."""
    root = keys[f"root:{environment}"]
    members = {"root": root, **{role: keys[role] for role in ROLES}}
    trusted = {
        signer.public_key.keyid: TrustedKey(
            key=signer.public_key, owner=f"{role}@example.com", state="active"
        )
        for role, signers in members.items()
        for signer in signers
    }
    roles = {
        role: Role(
            keyids=frozenset(signer.public_key.keyid for signer in signers),
            threshold=len(signers),
        )
        for role, signers in members.items()
    }
    trust = Trust(
        environment=environment, version=1, expires=expires, keys=trusted, roles=roles, revoked={}
    )
    envelope = sign_statement(statement_of(TRUST, trust_predicate(trust)), root)
    return _HEADER + dump_record(envelope)


def check_may_begin(path: Path) -> None:
    """Refuse to replace a trust file whose root keys somebody holds.

    The sample's trust file may be replaced: its root keys were discarded, so that no further
    version of it can be signed.

    Raises:
        CeremonyError: If the file exists and is not the sample's.
    """
    if path.exists() and not path.read_text("utf-8").startswith(_HEADER):
        raise CeremonyError(
            str(path),
            got="a trust file that was begun",
            expected="none, or the sample's: a trust changes by a next version that its roots sign",
            next_step="keep it; to begin anew, remove the file in a commit that its owners review",
        )


def load_samples(path: Path) -> tuple[Sample, ...]:
    """Read the list of sample models: ``samples: [{recipe, assessment, ship}]``.

    Paths are relative to the list.

    Raises:
        CeremonyError: If it is malformed or empty.
    """
    value = read_yaml(path.read_text("utf-8"), name=path.name)
    try:
        items = [
            Sample(
                recipe=path.parent / item["recipe"],
                assessment=path.parent / item["assessment"],
                ship=tuple(item.get("ship", ())),
            )
            for item in value["samples"]
        ]
    except (KeyError, TypeError) as error:
        raise _impossible(
            path.name, f"{type(error).__name__}: {error}", "samples: [...]"
        ) from error
    if not items:
        raise _impossible(path.name, "no samples", "at least one")
    return tuple(items)


def sample_ceremony(
    root: Path, *, anchors: tuple[str, ...], models: Path, say: _Progress
) -> Ceremony:
    """Return the ceremony of this repository's samples; ``root`` is the repository."""
    room = root / "model-build" / "samples"
    return Ceremony(
        anchors=anchors,
        samples=load_samples(room / "samples.yaml"),
        root=root,
        models=models,
        trust=root / "policy-pack" / "trust",
        records=room / "records",
        reports=root / "build" / "reports",
        make=lambda recipe: maker(
            recipe, work=root / "build" / "model" / recipe.stem, progress=say
        ),
    )


def hold_ceremony(plan: Ceremony, *, now: datetime, progress: _Progress) -> CeremonyOutcome:
    """Hold a ceremony and put its results in place.

    Args:
        plan: The inputs and output folders.
        now: Time of issue of the evidence.
        progress: Called with a line for each step.

    Raises:
        CeremonyError: If a result does not verify, or an environment has a trust file of its own;
            nothing is put in place then.
        ModelBuildError: If a model cannot be built.
    """
    for name in plan.anchors:
        check_may_begin(plan.trust / f"{name}.yaml")
    keys = _keys_for(plan.anchors)
    texts = {name: trust_text(name, keys, expires=now + LIFETIME) for name in plan.anchors}
    trusts = {name: load_trust(text, environment=name, now=now) for name, text in texts.items()}
    drafts = load_drafts(plan.records)
    for draft in drafts:
        check_new(draft, now=now, name=draft.path)
    progress(f"made {sum(map(len, keys.values()))} keys for {len(keys)} roles, in memory only")
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch) / "models"
        made = [_sample(plan, sample, staged, keys, progress) for sample in plan.samples]
        for version in made:
            _verify(version, trusts, now)
        progress(f"verified {len(made)} versions against {', '.join(trusts)}")
        versions = tuple(_install(version, plan.models) for version in made)
    return CeremonyOutcome(
        versions=versions,
        trust=write_files(
            {plan.trust / f"{name}.yaml": text for name, text in texts.items()}, replace=True
        ),
        records=write_files(_records(drafts, keys, plan.root), replace=True),
    )


def _keys_for(anchors: Sequence[str]) -> _Keys:
    if not anchors:
        raise _impossible("anchors", "none", "at least one environment")
    keys = fresh_keys(anchors[0])
    for name in anchors[1:]:
        # Environments share role keys, but no root key is valid in two environments.
        keys[f"root:{name}"] = tuple(fresh_signer() for _ in range(ROOT_KEYS))
    return keys


def _sample(
    plan: Ceremony, sample: Sample, models: Path, keys: _Keys, progress: _Progress
) -> WrittenVersion:
    progress(f"building {sample.recipe.name}")
    signers: dict[str, Signer] = {role: keys[role][0] for role in ("builder", "evaluator")}
    built = build_version(
        plan.make(sample.recipe),
        models=models,
        signers=signers,
        lifetime=LIFETIME,
        reports=plan.reports,
        builder="urn:mobile-ai:builder:sample-ceremony",
        ship=sample.ship,
        commit=source_commit(plan.root),
    )
    created = built.manifest.created
    return approve(
        built.folder,
        load_assessment(sample.assessment),
        signer=keys["ethics-reviewer"][0],
        expires=created + LIFETIME,
        now=created,
    )


def _verify(version: WrittenVersion, trusts: Mapping[str, Trust], now: datetime) -> None:
    for name, trust in trusts.items():
        found = verify_version(version.folder / MANIFEST_FILE, trust=trust, pin=version.sha256)
        if not found.ok:
            problems = "; ".join(f"{item.where}: {item.problem}" for item in found.findings)
            raise _impossible(f"{version.folder.name} under {name}", problems, "no findings")
        early = [kind for kind, moment in (found.expires or {}).items() if moment <= now]
        if early:
            raise _impossible(version.folder.name, f"expired {early}", "evidence that counts")


def _install(version: WrittenVersion, models: Path) -> WrittenVersion:
    draft, evidence = read_draft(version.folder)
    return write_version(draft, evidence, models=models, replace=True)


def _records(drafts: Sequence[RecordDraft], keys: _Keys, root: Path) -> dict[Path, str]:
    return {root / draft.path: record_text(draft, keys[draft.role][0]) for draft in drafts}
