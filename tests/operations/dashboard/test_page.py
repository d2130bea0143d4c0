"""The page as text."""

import json
import re

from mobile_ai.operations.dashboard.board import Board
from mobile_ai.operations.dashboard.charts import specification
from mobile_ai.operations.dashboard.page import render_page


def test_the_page_is_one_file_below_two_megabytes(board: Board) -> None:
    page = render_page(board)

    assert len(page.encode()) < 2_000_000
    assert not re.search(r'(src|href)="(?!#|data:)', page.split("<script", 1)[0])


def test_the_data_of_the_page_are_what_was_given(board: Board) -> None:
    page = render_page(board)

    found = re.search(r'id="board">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert [chart["id"] for chart in data["charts"]] == ["area", "bar", "line", "point", "nothing"]
    assert data["charts"][0]["rows"] == list(board.charts[0].rows)


def test_intervals_and_limits_are_layers_of_their_own(board: Board) -> None:
    marks = {
        chart.id: [layer["mark"]["type"] for layer in specification(chart)["layer"]]
        for chart in board.charts
    }

    assert marks["line"] == ["errorband", "line", "rule"]
    assert marks["point"] == ["rule", "point"]
    assert marks["nothing"] == ["line"]
