"""Legitimate changes of a deployed stack pass, or pass after the step that the denial names."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.predicates import FREEZE, GATE, USAGE, WAIVER
from mobile_ai.contracts.progress import Progress
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.statements import Subject
from mobile_ai.governance.stack_policy import Setting
from mobile_ai.testing import Scene, Signers, changed, make_record, make_version
from tests.signing.examples import EXAMPLES

SIGNERS = Signers.shared()
NIGHT = datetime(2037, 1, 1, 3, tzinfo=UTC)  # the sample's trust ends in 2036
ROOT = Path(__file__).parents[2]
OPENED = "2026-05-31T12:00:00Z"
MEASURED = Scene().usage_record()
ROLLOUT = ("spec", "rollout")


def _until(year: int) -> Callable[[dict[str, Any]], None]:
    def edit(predicate: dict[str, Any]) -> None:
        predicate["expires"] = f"{year}-06-01T00:00:00+00:00"

    return edit


LONG = {"assessment": _until(2040), "evaluation": _until(2040)}
OLD = make_version(SIGNERS, version="1.0.0", **LONG)
NEW = make_version(SIGNERS, **LONG)
SHORT = make_version(SIGNERS, assessment=_until(2026), evaluation=_until(2026))


class Continuing(Scene):
    """A stack that takes over from another."""

    def setting(self, stack: str) -> Setting:
        return replace(super().setting(stack), continues="prod")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change, judged after a baseline.

    Attributes:
        scene: Time, records and the version that the plan pins.
        deployments: What the plan deploys.
        settings: Digest of the plan's other settings; by default that of the baseline.
        rules: Rules that deny it at first.
        after: The same change after the step that the denial names.
    """

    scene: Scene
    deployments: tuple[Resource, ...]
    settings: str = ""
    rules: frozenset[str] = frozenset()
    after: "Change | None" = None

    @property
    def denials(self) -> set[str]:
        scene = self.scene
        told = scene.announced(*self.deployments, settings=self.settings)
        versions = [replace(scene, version=item).model_version() for item in (OLD, NEW, SHORT)]
        plan = [item for item in scene.resources() if item.type != self.deployments[0].type]
        named = {item.urn: item for item in plan} | {told.urn: told}
        others = [item for item in named.values() if item.type != versions[0].type]
        before = [item for item in others if item.name in {"governance", "deployed"}]
        rest = [item for item in others if item not in before]
        resources = [*before, *_unique(versions), *self.deployments, *rest]
        return {item.rule for item in scene.judge(resources) if item.denies}


def _unique(resources: Iterable[Resource]) -> list[Resource]:
    return list({item.props["sha256"]: item for item in resources}.values())


def deployment(version: Any, *, previous: Any = None, stage: str = "canary") -> Resource:
    item = Scene(version=version).deployment()
    if previous is not None:
        name = previous.values["metadata"]["version"]
        target = {"version": name, "sha256": previous.sha256}
        item = changed(item, "spec", "aiModel", "previous", to=target)
    return changed(item, *ROLLOUT, "stage", to=stage)


RUNS = deployment(NEW, previous=OLD)
WIDE = deployment(NEW, previous=OLD, stage="general")


def after(*deployed: Resource, version: Any = NEW, base: type[Scene] = Scene, **more: Any) -> Scene:
    """Return a scene in which some deployments run since noon of the day before."""
    scene = base(version=version)
    baseline = Baseline(
        released=frozenset({OLD.sha256, NEW.sha256, SHORT.sha256}),
        deployments={item.name: item.props["spec"] for item in deployed},
        costs={},
        progress={
            item.name: Progress(
                opened={item.props["spec"]["rollout"]["stage"]: OPENED},
                soak={"canary": 24},
                reached={OLD.sha256: 100, item.props["spec"]["aiModel"]["sha256"]: 5},
            )
            for item in deployed
        },
        settings="5" * 64,
        records=frozenset({sha256_text(MEASURED)}),
    )
    records = {"usage": MEASURED, **more.pop("records", {})}
    return replace(scene, **{"baseline": baseline, "records": records, **more})


def halted(item: Resource) -> Resource:
    return changed(item, *ROLLOUT, "halted", to=True)


def record(kind: str, role: str, **predicate: Any) -> str:
    dated = {"issued": "2026-05-30T00:00:00Z", "expires": "2026-06-05T00:00:00Z"}
    signer = SIGNERS.by_role[role]
    return make_record(kind, {"stack": "dev", "reason": "r", **dated, **predicate}, signer=signer)


def _freeze(**more: Any) -> str:
    return record(FREEZE, "operations", **more)


def _waiver(rule: str, item: Resource) -> str:
    return record(WAIVER, "security", rule=rule, urn=item.urn, ticket="OPS-1")


def _released() -> str:
    key = SIGNERS.by_role["pipeline"]
    subject = (Subject("manifest", NEW.sha256),)
    return make_record(GATE, EXAMPLES["gate"], signer=key, subjects=subject)


def _renamed(item: Resource) -> Resource:
    moved = deepcopy(dict(item.props))
    moved["metadata"]["name"] = "site-assistant-digits"
    return replace(
        item, name="site-assistant-digits", urn=item.urn.replace("field", "site"), props=moved
    )


THREE_RINGS = [
    {"name": "canary", "percent": 5, "soakHours": 24},
    {"name": "early", "percent": 25, "soakHours": 24},
    {"name": "general", "percent": 100, "soakHours": 24},
]
DAY_LATER = datetime(2026, 6, 1, 12, tzinfo=UTC)
URGENT = {"fix": _waiver("rollout-soaked", WIDE)}

CHANGES = {
    "rollback at night, with an expired trust": Change(
        scene=after(RUNS, version=OLD, now=NIGHT), deployments=(deployment(OLD, stage="general"),)
    ),
    "halt at night, with an expired trust": Change(
        scene=after(RUNS, now=NIGHT), deployments=(halted(RUNS),)
    ),
    "halt with an expired assessment": Change(
        scene=after(
            deployment(SHORT, previous=OLD), version=SHORT, now=datetime(2026, 7, 1, tzinfo=UTC)
        ),
        deployments=(halted(deployment(SHORT, previous=OLD)),),
    ),
    "recovery in another region": Change(
        scene=replace(after(base=Continuing, records={"gate": _released()}), baseline=Baseline()),
        deployments=(WIDE,),
    ),
    "a new ring": Change(
        scene=after(RUNS), deployments=(changed(RUNS, *ROLLOUT, "rings", to=THREE_RINGS),)
    ),
    "deletion of a deployment": Change(
        scene=after(RUNS, _renamed(RUNS)), deployments=(RUNS,), settings="6" * 64
    ),
    "a bigger fleet": Change(
        scene=after(RUNS),
        deployments=(changed(RUNS, "spec", "usage", "monthlyActiveDevices", to=500_000),),
        settings="6" * 64,
    ),
    "halt while frozen": Change(
        scene=after(RUNS, records={"freeze": _freeze()}), deployments=(halted(RUNS),)
    ),
    "fewer devices while frozen": Change(
        scene=after(WIDE, records={"freeze": _freeze(deployment=WIDE.name)}), deployments=(RUNS,)
    ),
    "rename of an application": Change(
        scene=after(RUNS),
        deployments=(_renamed(WIDE),),
        settings="6" * 64,
        rules=frozenset({"rollout-one-ring-at-a-time"}),
        after=Change(scene=after(RUNS), deployments=(_renamed(RUNS),), settings="6" * 64),
    ),
    "promote before the soak is over": Change(
        scene=after(RUNS),
        deployments=(WIDE,),
        rules=frozenset({"rollout-soaked"}),
        after=Change(scene=after(RUNS, now=DAY_LATER), deployments=(WIDE,)),
    ),
    "an urgent fix to everybody": Change(
        scene=after(RUNS),
        deployments=(WIDE,),
        rules=frozenset({"rollout-soaked"}),
        after=Change(scene=after(RUNS, records=URGENT), deployments=(WIDE,)),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_legitimate_change_passes_at_once_or_after_the_printed_step(name: str) -> None:
    change = CHANGES[name]

    assert change.denials == change.rules
    if change.after is not None:
        assert change.after.denials == set()


def test_most_legitimate_changes_need_no_new_signature() -> None:
    at_once = [name for name, change in CHANGES.items() if change.after is None]
    signed = [name for name in CHANGES if "urgent" in name]
    print(
        f"{len(at_once)} of {len(CHANGES)} legitimate changes pass at once, "
        f"{len(CHANGES) - len(at_once)} after the printed step, {len(signed)} of these by a record"
    )
    assert len(at_once) >= 0.6 * len(CHANGES)


# What must not pass -------------------------------------------------------------------------------


def denied(scene: Scene, *deployments: Resource, settings: str = "") -> set[str]:
    return Change(scene=scene, deployments=deployments, settings=settings).denials


def test_at_night_nothing_but_safety_passes() -> None:
    fleet = changed(RUNS, "spec", "usage", "monthlyActiveDevices", to=500_000)
    for item, digest in ((fleet, ""), (halted(fleet), ""), (halted(RUNS), "6" * 64)):
        assert "stack-configured" in denied(after(RUNS, now=NIGHT), item, settings=digest)


def test_under_an_expired_trust_a_new_record_does_not_count() -> None:
    more = {"more": Scene().usage_record(updatesPerMonth=1)}
    assert "records-verified" in denied(after(RUNS, now=NIGHT, records=more), halted(RUNS))
    freeze = _freeze(issued="2036-12-01T00:00:00Z", expires="2037-02-01T00:00:00Z")
    assert denied(after(RUNS, now=NIGHT, records={"freeze": freeze}), RUNS) == set()


def test_what_is_frozen_takes_nothing_else() -> None:
    fleet = changed(RUNS, "spec", "usage", "monthlyActiveDevices", to=500_000)
    stack = after(RUNS, records={"freeze": _freeze()})
    one = after(RUNS, records={"freeze": _freeze(deployment=RUNS.name)})
    other = after(RUNS, records={"freeze": _freeze(deployment="another")})
    assert denied(stack, fleet) == denied(one, fleet) == {"freeze-respected"}
    assert denied(stack, _renamed(RUNS)) == denied(one, _renamed(RUNS)) == {"freeze-respected"}
    assert denied(other, fleet) == set()
    assert denied(replace(stack, now=datetime(2026, 6, 6, tzinfo=UTC)), fleet) == set()


def test_a_waiver_of_a_soak_lasts_a_week_at_most() -> None:
    long = record(
        WAIVER,
        "security",
        rule="rollout-soaked",
        urn=WIDE.urn,
        ticket="OPS-1",
        expires="2026-06-08T00:00:00Z",
    )
    found = denied(after(RUNS, records={"fix": long}), WIDE)
    assert found == {"records-verified", "rollout-soaked"}


def test_a_withdrawal_leaves_only_when_it_ended() -> None:
    text = _freeze()
    for end, rules in (("", {"withdrawals-kept"}), ("2026-06-05T00:00:00Z", {"withdrawals-kept"})):
        before = after(RUNS)
        assert before.baseline is not None
        kept = replace(before.baseline, withdrawn={sha256_text(text): end})
        assert denied(replace(before, baseline=kept), RUNS) == rules
        assert denied(after(RUNS, baseline=kept, records={"freeze": text}), RUNS) == set()
    ended = replace(before, baseline=kept, now=datetime(2026, 6, 6, tzinfo=UTC))
    assert denied(ended, RUNS) == set()


@pytest.mark.parametrize("expires", [None, "2021-06-01T00:00:00Z"])
def test_usage_of_six_years_ago_does_not_count(expires: str | None) -> None:
    figures = {
        "app": "field-assistant",
        "stack": "dev",
        "basis": "measurement",
        "monthlyActiveDevices": 250_000,
        "updatesPerMonth": 2,
        "requestsPerSecond": 0,
    }
    dated = {"issued": "2020-06-01T00:00:00Z", "period": "2020-05"}
    if expires is not None:
        dated["expires"] = expires
    old = make_record(USAGE, {**figures, **dated}, signer=SIGNERS.by_role["operations"])
    scene = replace(after(RUNS), records={"usage": old})
    assert denied(scene, RUNS) == {"usage-plausible"}


RELEASED = {
    path.name: path.read_text("utf-8")
    for path in sorted((ROOT / "releases" / "dev" / "metadata").glob("*.json"))
}
VERSIONS = {name.split(".")[1]: 1 for name in RELEASED}


@pytest.mark.parametrize(
    ("gone", "before", "outcome"),
    [
        ([], VERSIONS, "pass"),
        ([], {**VERSIONS, "ring-removed": 3}, "pass"),
        ([], {**VERSIONS, "snapshot": 2}, "fail"),
        (["1.snapshot.json"], VERSIONS, "fail"),
        (["1.targets.json"], VERSIONS, "fail"),
        (["1.models.json"], VERSIONS, "fail"),
        (list(RELEASED), VERSIONS, "fail"),
        (list(RELEASED), {}, "pass"),
    ],
)
def test_release_metadata_only_grows(gone: list[str], before: dict[str, int], outcome: str) -> None:
    scene = Scene(baseline=Baseline(release=before, settings="5" * 64))
    left = [{"name": name, "text": text} for name, text in RELEASED.items() if name not in gone]
    context = changed(scene.context(), "release", to=left)
    assert scene.outcome("release-grows", context, *scene.deployed()) == outcome


def test_a_cap_on_increase_holds_a_change_and_warns_of_a_safety_change() -> None:
    config = '{"rules": {"budgets-hold": {"parameters": {"maximumIncreaseUsd": 0}}}}'
    scene = after(RUNS, config=config)
    assert scene.baseline is not None
    before = replace(scene.baseline, costs={"app:field-assistant": "0.01"})
    capped = replace(scene, baseline=before)
    fleet = changed(RUNS, "spec", "usage", "monthlyActiveDevices", to=500_000)
    assert denied(capped, fleet) == {"budgets-hold"}
    assert denied(capped, halted(RUNS)) == set()
