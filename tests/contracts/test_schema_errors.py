"""No message has words of the schema library, whatever is wrong with a document."""

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError, field_validator
from pydantic_core.core_schema import ErrorType

from mobile_ai.contracts.schema_errors import _EXPECTED, schema_problem, schema_problems

ROOT = Path(__file__).parents[2]
LIBRARY = re.compile(r"Input should|should (be|have)|type=|https?://|alidation|pydantic")


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Checked(BaseModel, extra="forbid"):
    value: int

    @field_validator("value")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("not odd")
        return value


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (str, 1, "text"),
        (int, "x", "a whole number"),
        (int, 1.5, "a whole number"),
        (float, "x", "a number"),
        (bool, 7, "true or false"),
        (Literal["a", "b"], "c", "'a' or 'b'"),
        (list[int], 1, "a list"),
        (dict[str, int], [], "a mapping"),
        (Annotated[str, Field(pattern="^a$")], "b", "text that matches ^a$"),
        (Annotated[str, Field(min_length=2)], "b", "at least 2 characters"),
        (Annotated[str, Field(max_length=2)], "bbb", "at most 2 characters"),
        (Annotated[list[int], Field(min_length=2)], [1], "at least 2 entries"),
        (Annotated[list[int], Field(max_length=0)], [1], "at most 0 entries"),
        (Annotated[int, Field(gt=1)], 1, "more than 1"),
        (Annotated[int, Field(ge=1)], 0, "at least 1"),
        (Annotated[int, Field(lt=1)], 1, "less than 1"),
        (Annotated[int, Field(le=1)], 2, "at most 1"),
        (Annotated[float, Field(allow_inf_nan=False)], float("nan"), "a finite number"),
        (datetime, "x", "a time such as 2026-01-31T12:00:00Z"),
        (AwareDatetime, "2026-01-31T12:00:00", "with its zone"),
        (Decimal, "x", "a decimal number"),
        (Annotated[Cat | Dog, Field(discriminator="kind")], {"kind": "cow"}, "one of 'cat', 'dog'"),
        (Checked, {"value": 2}, "a valid value: not odd"),
        (Checked, {}, "a value"),
        (Checked, {"value": 1, "more": 2}, "no such field"),
        (Checked, 1, "a mapping"),
    ],
)
def test_a_fault_is_told_in_words(kind: Any, value: Any, expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)

    problem = schema_problem(caught.value)

    assert expected in problem.expected
    assert not LIBRARY.search(str(problem))


def test_a_problem_says_where_and_never_all_of_a_long_value() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, list[Checked]]).validate_python({"a": [{"value": "x" * 500}]})

    (problem,) = schema_problems(caught.value)

    assert (problem.place, problem.below("file")) == ("a.0.value", "file.a.0.value")
    assert len(problem.got) < 100


def test_a_kind_that_the_table_lacks_is_told_without_the_library_s_opening() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(UUID).validate_python("x")

    problem = schema_problem(caught.value)

    assert problem.expected.startswith("a valid UUID")
    assert not LIBRARY.search(str(problem))


def test_the_table_names_kinds_that_the_library_has() -> None:
    assert set(_EXPECTED) <= set(get_args(ErrorType))
    assert not any(LIBRARY.search(text) for text in _EXPECTED.values())


def test_the_library_is_asked_in_one_place() -> None:
    """Readers hand the error over; whoever reads it otherwise lets its words out."""
    rooms = ("src", "policy-pack", "components", "model-build")
    asked = [
        path.relative_to(ROOT).as_posix()
        for room in rooms
        for path in sorted((ROOT / room).rglob("*.py"))
        if ".errors(include" in path.read_text("utf-8")
    ]
    assert asked == [
        "src/mobile_ai/stack/errors.py",
        "policy-pack/mobile_ai/contracts/schema_errors.py",
    ]
