"""Laws of steps: soak times add up, safety always passes, and nothing else counts as safety."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.contracts.bounds import RolloutBound
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.progress import digest_of, share_of
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYED
from mobile_ai.governance.evaluation import apply_to_resource
from mobile_ai.governance.facts import Facts
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.steps import deployment_step, plan_step, returns_of
from mobile_ai.testing import Scene, changed

Spec = dict[str, Any]
Edit = Callable[[Spec, Mapping[str, float]], None]
SCENE = Scene()
D = SCENE.deployment()
START = datetime(2026, 6, 1, tzinfo=UTC)
SETTINGS = "5" * 64
RULES = [
    item
    for item in catalogue()
    if item.id
    in {
        "first-ring-small",
        "rollout-bounded",
        "rollout-stage-known",
        "rollout-one-ring-at-a-time",
        "rollout-soaked",
        "rollout-history-kept",
        "no-silent-downgrade",
    }
]
RINGS = [("canary", 5, 24), ("early", 25, 48), ("general", 100, 0)]


@cache
def _setting() -> Any:
    return SCENE.setting("dev")


def spec_of(version: int, stage: str = "canary") -> Spec:
    spec: Spec = deepcopy(D.props["spec"])
    spec["aiModel"] = {"id": "digits", "version": f"1.{version}.0", "sha256": f"{version:064x}"}
    spec["rollout"]["rings"] = [
        {"name": name, "percent": percent, "soakHours": hours} for name, percent, hours in RINGS
    ]
    spec["rollout"] |= {"stage": stage, "salt": "salt-0", "halted": False}
    return spec


@dataclass(kw_only=True)
class Life:
    """A stack with one deployment: an edit that the step rules pass is deployed."""

    baseline: Baseline = field(default_factory=Baseline)
    now: datetime = START

    @property
    def spec(self) -> Spec:
        return deepcopy(dict(self.baseline.deployments[D.name]))

    def denied(self, spec: Spec) -> set[str]:
        facts = Facts(_setting(), now=self.now)
        facts.baseline = self.baseline
        resource = replace(D, props={**D.props, "spec": spec})
        verdicts = [apply_to_resource(rule, resource, facts) for rule in RULES]
        return {item.rule for item in verdicts if item.denies}

    def up(self, spec: Spec) -> None:
        after = Baseline(deployments={D.name: deepcopy(spec)}, settings=SETTINGS)
        self.baseline = after.after(self.baseline, now=self.now.isoformat())

    def try_up(self, spec: Spec) -> bool:
        if self.denied(spec):
            return False
        self.up(spec)
        return True


def _stage(at: int) -> Edit:
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        rings = spec["rollout"]["rings"]
        spec["rollout"]["stage"] = rings[at % len(rings)]["name"]

    return edit


def _soak(at: int, hours: int) -> Edit:
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        rings = spec["rollout"]["rings"]
        rings[at % len(rings)]["soakHours"] = hours

    return edit


def _percent(at: int, percent: int) -> Edit:
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        rings = spec["rollout"]["rings"]
        rings[at % len(rings)]["percent"] = percent

    return edit


def _drop(at: int) -> Edit:
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        rings = spec["rollout"]["rings"]
        if len(rings) > 1:
            del rings[at % len(rings)]

    return edit


def _rename(at: int) -> Edit:
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        rings = spec["rollout"]["rings"]
        rings[at % len(rings)]["name"] += "x"

    return edit


def _state(state: str, value: bool) -> Edit:  # noqa: FBT001
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        spec["rollout"][state] = value

    return edit


def _pin(version: int, previous: int | None) -> Edit:
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        spec["aiModel"] |= {"version": f"1.{version}.0", "sha256": f"{version:064x}"}
        spec["aiModel"].pop("previous", None)
        if previous is not None:
            spec["aiModel"]["previous"] = {
                "version": f"1.{previous}.0",
                "sha256": f"{previous:064x}",
            }

    return edit


def _salt(number: int) -> Edit:
    def edit(spec: Spec, _: Mapping[str, float]) -> None:
        spec["rollout"]["salt"] = f"salt-{number}"

    return edit


AT, HOURS = st.integers(0, 2), st.sampled_from([1, 12, 24, 48])
EDITS = st.one_of(
    st.builds(_stage, AT),
    st.builds(_stage, AT),
    st.builds(_soak, AT, HOURS),
    st.builds(_percent, AT, st.sampled_from([1, 5, 10, 25, 50, 100])),
    st.builds(_drop, AT),
    st.builds(_rename, AT),
    st.builds(_state, st.sampled_from(["halted", "frozen"]), st.booleans()),
    st.builds(_pin, st.integers(1, 3), st.none() | st.integers(1, 3)),
    st.builds(_salt, st.integers(0, 2)),
)
MOVES = st.lists(
    st.tuples(st.integers(0, 60), st.lists(EDITS, min_size=1, max_size=3)), max_size=14
)


@settings(max_examples=60, deadline=None)
@given(moves=MOVES)
def test_no_version_reaches_more_devices_before_its_ring_has_soaked(moves: Any) -> None:
    """By induction, general is never reached sooner than the sum of the soaks."""
    life, widest, since = Life(), {"": 0.0}, START
    for hours, edits in [(0, []), *moves]:
        life.now += timedelta(hours=hours)
        before = life.spec if life.baseline.deployments else None
        spec = life.spec if before else spec_of(1)
        for edit in edits:
            edit(spec, {})
        if not life.try_up(spec):
            continue
        digest, halted = digest_of(spec), spec["rollout"]["halted"]
        goes_on = before is not None and digest_of(before) == digest
        had = widest.get(digest, 0.0)
        if not halted and share_of(spec) > had:
            if had:  # never before: the first ring, which is small
                assert goes_on
                assert before is not None
                rings = {ring["name"]: ring for ring in before["rollout"]["rings"]}
                soak = rings[before["rollout"]["stage"]]["soakHours"]
                assert life.now - since >= timedelta(hours=soak)
            else:
                assert share_of(spec) <= 10
            widest[digest] = share_of(spec)
        same = before is not None and (
            digest_of(before) == digest and before["rollout"]["stage"] == spec["rollout"]["stage"]
        )
        since = since if same else life.now


def test_three_rings_take_the_sum_of_their_soaks() -> None:
    life = Life()
    life.up(spec_of(1))
    for stage, hours in (("early", 24), ("general", 48)):
        spec = life.spec
        spec["rollout"]["stage"] = stage
        life.now += timedelta(hours=hours, seconds=-1)
        assert life.denied(spec) == {"rollout-soaked"}
        life.now += timedelta(seconds=1)
        assert life.try_up(spec)
    assert life.now - START == timedelta(hours=72)


def test_lowering_a_soak_shortens_no_wait() -> None:
    life = Life()
    life.up(spec_of(1))
    lower = life.spec
    lower["rollout"]["rings"][0]["soakHours"] = 1
    life.now += timedelta(hours=2)
    assert life.try_up(lower)  # first the soak alone, then the ring
    lower["rollout"]["stage"] = "early"
    assert life.denied(lower) == {"rollout-soaked"}
    life.now += timedelta(hours=22)
    assert life.try_up(lower)


def test_a_halt_hides_no_step() -> None:
    life = Life()
    life.up(spec_of(1))
    halted = life.spec
    halted["rollout"] |= {"halted": True, "stage": "general"}
    assert "rollout-soaked" in life.denied(halted)
    life.up(halted)  # as a waiver would let it
    life.now += timedelta(hours=100)
    resumed = life.spec
    resumed["rollout"]["halted"] = False
    assert "rollout-soaked" in life.denied(resumed)
    resumed["rollout"]["stage"] = "canary"
    assert life.try_up(resumed)
    assert life.baseline.progress[D.name].opened == {"canary": life.now.isoformat()}


@pytest.mark.parametrize(
    ("edit", "rules"),
    [
        (_salt(1), {"rollout-history-kept"}),
        (_pin(2, None), {"rollout-history-kept"}),
        (_pin(2, 3), {"rollout-history-kept"}),
        (_pin(2, 1), set()),
        (_stage(2), {"rollout-one-ring-at-a-time", "rollout-soaked"}),
        (_percent(0, 25), {"first-ring-small", "rollout-soaked"}),
    ],
)
def test_history_stays_while_a_version_rolls_out(edit: Edit, rules: set[str]) -> None:
    life = Life()
    life.up(spec_of(1))
    spec = life.spec
    edit(spec, {})
    assert life.denied(spec) == rules


def test_previous_is_neither_dropped_nor_changed_while_its_version_stays() -> None:
    life = Life()
    life.up(spec_of(1, "general"))
    spec = spec_of(2)
    _pin(2, 1)(spec, {})
    assert life.try_up(spec)
    for previous in (None, 3):
        _pin(2, previous)(spec, {})
        assert life.denied(spec) == {"rollout-history-kept"}


def test_what_is_frozen_opens_no_ring() -> None:
    life = Life()
    frozen = spec_of(1)
    frozen["rollout"]["frozen"] = True
    life.up(frozen)
    life.now += timedelta(days=30)
    frozen["rollout"] |= {"frozen": False, "stage": "early"}
    assert life.denied(frozen) == {"rollout-soaked"}


def test_a_version_that_never_ran_is_no_way_back_to_everybody() -> None:
    life = Life()
    first = spec_of(2)
    _pin(2, 1)(first, {})
    life.up(first)
    back = life.spec
    _pin(1, None)(back, {})
    back["rollout"]["stage"] = "general"
    assert life.denied(back)


def test_roots_bound_how_a_rollout_may_step() -> None:
    bound = RolloutBound.model_validate(
        {"maximumFirstPercent": 1, "maximumFactor": 2, "minimumSoakHours": 48, "maximumSkip": 0}
    )
    config = '{"rules": {"rollout-one-ring-at-a-time": {"parameters": {"skip": 9}}}}'
    free = replace(SCENE, config=config)
    bounded = replace(free, bounds=free.bounds.model_copy(update={"rollout": bound}))
    wide = changed(D, "spec", "rollout", "stage", to="general")
    assert free.denials(wide) == set()
    assert bounded.denials(wide) == {"rollout-within-roots", "rollout-one-ring-at-a-time"}


def test_what_ran_before_times_were_recorded_stays_a_way_back() -> None:
    early = spec_of(2)
    _pin(2, 1)(early, {})
    life = Life(baseline=Baseline(deployments={D.name: early}))
    wider = deepcopy(early)
    wider["rollout"]["stage"] = "early"
    assert life.denied(wider) == {"rollout-soaked"}
    life.up(early)
    back = life.spec
    _pin(1, None)(back, {})
    back["rollout"]["stage"] = "general"
    assert life.denied(back) == set()
    life.now += timedelta(hours=24)
    assert life.try_up(wider)


# Safety ------------------------------------------------------------------------------------------


def _reached(moves: Any) -> Life:
    life = Life()
    life.up(spec_of(1))
    for hours, edits in moves:
        life.now += timedelta(hours=hours)
        spec = life.spec
        for edit in edits:
            edit(spec, {})
        life.try_up(spec)
    return life


def _halt(spec: Spec, _: Mapping[str, float]) -> None:
    spec["rollout"]["halted"] = True


def _freeze(spec: Spec, _: Mapping[str, float]) -> None:
    spec["rollout"]["frozen"] = True


def _smaller_ring(spec: Spec, _: Mapping[str, float]) -> None:
    spec["rollout"]["stage"] = spec["rollout"]["rings"][0]["name"]


def _fewer_copies(spec: Spec, _: Mapping[str, float]) -> None:
    spec["placement"][1]["replicas"] = {"min": 1, "max": 1}


def _longer_soak(spec: Spec, _: Mapping[str, float]) -> None:
    spec["rollout"]["rings"][0]["soakHours"] += 24


def _return(spec: Spec, returns: Mapping[str, float]) -> None:
    for digest, share in sorted(returns.items()):
        fit = [ring for ring in spec["rollout"]["rings"] if ring["percent"] <= share]
        if fit:
            _pin(int(digest, 16), None)(spec, {})
            spec["rollout"] |= {"stage": fit[-1]["name"], "halted": False, "frozen": False}


SAFE = st.lists(
    st.sampled_from([_halt, _freeze, _smaller_ring, _fewer_copies, _longer_soak, _return]),
    min_size=1,
    max_size=2,
    unique=True,
)


@settings(max_examples=60, deadline=None)
@given(moves=MOVES, safe=SAFE)
def test_a_safety_change_passes_from_every_state(moves: Any, safe: list[Edit]) -> None:
    life = _reached(moves)
    returns = returns_of(life.baseline, D.name)
    spec = life.spec
    for edit in sorted(safe, key=lambda item: item is not _return):
        edit(spec, returns)
    step = deployment_step(life.spec, spec, returns=returns)
    assert step == ("unchanged" if spec == life.spec else "safety")
    assert life.denied(spec) == set()


WIDER: list[Callable[[Spec], object]] = [
    lambda spec: spec["rollout"].update(stage="general"),
    lambda spec: spec["rollout"]["rings"][1].update(percent=26),
    lambda spec: spec["rollout"]["rings"][0].update(soakHours=0),
    lambda spec: spec["rollout"]["rings"].pop(),
    lambda spec: spec["rollout"].update(salt="another"),
    lambda spec: spec["rollout"].update(minAppVersion="0.0.2"),
    lambda spec: spec["rollout"].update(halted=False),
    lambda spec: spec["rollout"].update(frozen=False),
    lambda spec: spec["placement"][1]["replicas"].update(max=7),
    lambda spec: spec["placement"][1]["replicas"].pop("min"),
    lambda spec: spec["placement"][1].update(region="us-east-1"),
    lambda spec: spec["placement"].pop(),
    lambda spec: spec["aiModel"].update(sha256="9" * 64),
    lambda spec: spec["aiModel"].update(version="9.9.9"),
    lambda spec: spec["aiModel"].update(previous={"version": "1.0.0", "sha256": "8" * 64}),
    lambda spec: spec["dataProcessing"].update(region="us-east-1"),
    lambda spec: spec.update(humanOversight="b@b.example"),
    lambda spec: spec["usage"].update(requestsPerSecond=1),
    lambda spec: spec.update(more=1),
]


@settings(max_examples=100, deadline=None)
@given(safe=SAFE, wider=st.sampled_from(WIDER))
def test_no_other_edit_counts_as_safety(safe: list[Edit], wider: Any) -> None:
    before = spec_of(1, "early")
    before["rollout"] |= {"halted": True, "frozen": True}
    after = deepcopy(before)
    for edit in safe:
        edit(after, {})
    narrowed = deepcopy(after)
    wider(after)
    assert deployment_step(before, narrowed, returns={}) in {"safety", "unchanged"}
    assert deployment_step(before, after, returns={"7" * 64: 100.0}) == "other"


def test_a_plan_is_a_safety_change_only_if_nothing_else_changes() -> None:
    life = Life()
    life.up(spec_of(1))
    halted = life.spec
    halted["rollout"]["halted"] = True
    before = life.baseline

    def step(deployments: Mapping[str, Spec], digest: str = SETTINGS) -> str:
        return plan_step(before, Baseline(deployments=deployments, settings=digest), withdrawn=())

    assert step({D.name: halted}) == "safety"
    assert step({D.name: life.spec}) == "unchanged"
    assert step({D.name: halted}, "6" * 64) == "other"
    assert step({D.name: halted, "new": spec_of(1)}) == "other"
    assert step({}) == "other"


def test_what_was_withdrawn_is_no_way_back() -> None:
    life = Life()
    life.up(spec_of(1, "general"))
    life.up(spec_of(2))
    one = f"{1:064x}"
    assert returns_of(life.baseline, D.name) == {one: 100.0}
    assert returns_of(life.baseline, D.name, withdrawn=[one]) == {}


def test_an_announcement_that_differs_from_the_plan_is_denied() -> None:
    scene = replace(SCENE, baseline=Baseline(deployments={D.name: D.props["spec"]}, settings="5"))
    told = scene.announced(D)
    other = scene.announced(Resource(type=D.type, name=D.name, urn="", props={"spec": spec_of(3)}))
    assert told.type == DEPLOYED
    assert "deployment-announced" not in scene.denials(told)
    assert "deployment-announced" in scene.denials(other)
