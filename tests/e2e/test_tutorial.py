"""Every command of the tutorial runs, in order, in a clone, and prints what the page says."""

import re

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.tutorial import MARK, PAGE, missing, steps, walk

pytestmark = [
    pytest.mark.engine,
    pytest.mark.services,
    pytest.mark.timeout(1000),
    pytest.mark.xdist_group("tutorial"),
]


def test_the_tutorial_does_what_it_says(checkout: Checkout):
    wanted = steps(PAGE.read_text())
    done = walk(checkout)
    outputs = done.stdout.split(MARK)[1:]
    assert done.returncode == 0, done.stdout[-6000:]
    assert len(outputs) == len(wanted)
    lacking = {
        number: lines
        for number, (step, output) in enumerate(zip(wanted, outputs, strict=True))
        if (lines := missing(step, output))
    }
    said = "\n".join(f"{MARK}{outputs[number]}" for number in lacking)
    assert lacking == {}, f"{lacking} in:\n{said}"


def test_every_role_has_its_part():
    headings = re.findall(r"^## \d+\. (\w+):", PAGE.read_text(), re.MULTILINE)
    assert set(headings) == {"Engineer", "Reviewer", "Operator", "FinOps"}
