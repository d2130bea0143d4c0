"""Benchmarks keep their ids and their file, whatever part of them runs."""

import importlib
import pkgutil

import pytest

import benchmarks
from benchmarks import __main__ as runner
from benchmarks._clock import alternate
from benchmarks._row import Row

ROW = Row(id="b.x", value=1.0, unit="s", peer="-", n=1, note="")


def test_contenders_run_in_turns():
    order = []
    found = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=2)
    assert order == ["a", "b", "a", "b"]
    assert len(found["a"].wall) == len(found["a"].cpu) == 2


def test_part_of_a_run_keeps_the_other_rows():
    earlier = [{"id": "a.x", "value": 5}, {"id": "b.x", "value": 9}]
    merged = runner.merge(earlier, [ROW])
    assert [(item["id"], item["value"]) for item in merged] == [("a.x", 5), ("b.x", 1.0)]


def test_prefix_that_no_id_has_is_refused(capsys):
    assert runner.main(["--only", "nothing.such"]) == 2
    assert "no id begins with 'nothing.such'" in capsys.readouterr().err


@pytest.mark.build
def test_ids_of_all_areas_are_different():
    areas = [
        importlib.import_module(f"benchmarks.{item.name}")
        for item in pkgutil.iter_modules(benchmarks.__path__)
        if not item.name.startswith("_")
    ]
    ids = [name for area in areas for name in getattr(area, "IDS", ())]
    assert len(ids) == len(set(ids))
    assert {"preview.warm_dev_s", "policy.pair_vs_noop"} <= set(ids)
