"""Code lines are what is neither blank, nor a comment, nor a docstring."""

from collections import Counter
from pathlib import Path

from tests.tools.house_lines import code_lines, product_lines, room_of

TEXT = '''"""A module."""

# why
X = """two
lines"""


def f():
    """State it."""
    return X  # so
'''


def test_only_code_counts() -> None:
    assert code_lines(TEXT) == 4


def test_a_room_is_the_folder_below_the_namespace() -> None:
    assert room_of(Path("src/mobile_ai/edge/models/table.py")) == "edge"
    assert room_of(Path("policy-pack/__main__.py")) == "policy-pack"


def test_the_sandbox_and_the_test_kit_are_no_product() -> None:
    assert product_lines(Counter(edge=2, sandbox=5, testing=7)) == 2
