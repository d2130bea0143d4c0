"""The lint of words finds questions and refused wording, at their lines, and nothing else."""

import subprocess

import pytest

from tests.tools.words import REFUSED, main, problems_in_page, problems_in_python


def of(text: str, **options: bool) -> list[tuple[int, str]]:
    return sorted(problems_in_python(text, **options))


@pytest.mark.parametrize(
    "docstring",
    [
        "What it is.",
        "Whose cost it is.",
        "Is it whole?",
        "Do the papers?\n\nThey do.",
        "If so, no.",
    ],
)
def test_docstrings_that_open_with_a_question_word_are_found(docstring: str) -> None:
    ((line, problem),) = of(f'"""{docstring}"""')
    assert line == 1
    assert "docstring opens" in problem


def test_a_first_sentence_that_ends_as_a_question_is_found() -> None:
    ((line, problem),) = of('def f():\n    """A version folder: whole? Every byte."""\n')
    assert line == 2
    assert "question" in problem


@pytest.mark.parametrize(
    "docstring",
    [
        "Whole files only.",
        "Isolated.",
        "Finds v1.2? paths. Ask: why?",
        "Return if it may.",
        "Doing.",
    ],
)
def test_statements_pass(docstring: str) -> None:
    assert of(f'class A:\n    """{docstring}"""\n') == [] or "why?" in docstring


def test_docstrings_of_attributes_are_found() -> None:
    ((line, problem),) = of('PLACE = 1\n"""Where it is."""\n')
    assert line == 2
    assert "docstring opens with 'Where'" in problem


@pytest.mark.parametrize("text", ['"Where it is."', 'f"Where {it} is."', '"Is it whole? Yes."'])
def test_help_texts_that_are_questions_are_found(text: str) -> None:
    ((line, problem),) = of(f"x = Option(\n    help={text})\n")
    assert line == 2
    assert "help text opens with" in problem


def test_descriptions_that_are_questions_are_found_but_flags_may_say_whether() -> None:
    assert of('x = Field(description="How long it lasts.")\n') == [
        (1, "description opens with 'How'; state what it is or does")
    ]
    assert of('x = Parameter(doc="Whether it is needed.")\n') == []


def test_questions_outside_of_docstrings_are_no_problem() -> None:
    assert of('ask = "What is it for?"\n') == []


def test_refused_words_are_found_in_docstrings_comments_and_messages() -> None:
    text = '"""Module.\n\nThe dearest first.\n"""\n\n# Then\n# mend it.\nraise E("put it aside")\n'
    assert [line for line, _ in of(text)] == [3, 7, 8]


def test_phrases_are_found_across_lines() -> None:
    assert of("# a line that is gone on\n# with by the next\n")[0][0] == 1
    assert of('"""A. It is in no\nsum."""\n') == [
        (1, "'in no sum'; write: excluded from totals"),
    ]


def test_parts_of_an_f_string_are_messages() -> None:
    assert [line for line, _ in of('x = 1\ny = f"{x}: mend it"\n')] == [2]


def test_string_literals_of_tests_are_data() -> None:
    assert of('x = "mend it"\n', messages=False) == []


def test_words_that_contain_a_refused_one_pass() -> None:
    assert of("# recommend, amendment, dear\n") == []


def test_pages_are_checked_by_line() -> None:
    assert list(problems_in_page("# Title\n\nThe door is\nopen.\n")) == [
        (3, f"'The door'; write: {REFUSED['the door']}")
    ]


def test_main_prints_tracked_files_only(tmp_path, capsys) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("It is put aside.\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text('X = "mend"\n')
    (tmp_path / "b.py").write_text('"""Module."""\n')
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "untracked.py").write_text("# mend\n")
    assert main(tmp_path) == 1
    assert capsys.readouterr().out == "docs/page.md:1: 'put aside'; write: quarantine\n"


def test_main_passes_a_clean_folder(tmp_path) -> None:
    (tmp_path / "b.py").write_text('"""Module."""\n')
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    assert main(tmp_path) == 0
