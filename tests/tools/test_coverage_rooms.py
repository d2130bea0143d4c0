"""Coverage is summed by room and held to its floors."""

from tests.tools.coverage_rooms import FLOORS, held, percentages, shortfalls


def report(lines: int, covered: int, branches: int = 0, taken: int = 0) -> dict[str, object]:
    summary = {
        "num_statements": lines,
        "covered_lines": covered,
        "num_branches": branches,
        "covered_branches": taken,
    }
    return {"summary": summary}


FILES = {
    "src/mobile_ai/gate/run.py": report(10, 10),
    "src/mobile_ai/gate/deploy/seal.py": report(5, 5, 5, 0),
    "policy-pack/mobile_ai/contracts/trust.py": report(6, 6, 4, 4),
    "policy-pack/mobile_ai/contracts/metrics.py": report(10, 0),
    "policy-pack/mobile_ai/governance/rules/iam.py": report(10, 5),
    "policy-pack/mobile_ai/governance/judge.py": report(10, 10),
}


def test_lines_and_branches_of_a_room_count_together():
    assert percentages(FILES) == {
        "gate": 75,
        "contracts": 50,
        "governance": 75,
        "rules and trust": 75,
        "all": 100 * 40 / 60,
    }


def test_floors_that_are_met_are_not_mentioned():
    assert shortfalls(dict.fromkeys(FLOORS, 100.0)) == []


def test_a_floor_that_is_not_met_or_not_measured_is_named():
    short = shortfalls({**dict.fromkeys(FLOORS, 100.0), "rules and trust": 0.0})
    assert len(short) == 1
    assert short[0].startswith("coverage of rules and trust: got 0.0 %; expected at least 97 %")
    assert len(shortfalls({})) == len(FLOORS)


def test_a_run_of_some_rooms_is_held_to_their_floors_alone():
    assert held([]) == {*FLOORS}
    assert held(["tests/stack", "tests/pricing/"]) == {"stack", "pricing"}
    assert shortfalls({"stack": 100.0}, held(["tests/stack"])) == []


def test_a_run_of_less_than_a_room_is_held_to_none():
    assert held(["tests/stack/test_reader.py"]) == set()
    assert held(["tests/stack", "-k", "reader"]) == set()
