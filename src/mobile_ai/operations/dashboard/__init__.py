"""Dashboard: one self-contained page for engineers, data scientists, finance and ethics reviewers.

``collect`` reads the output files of the other commands into a ``Board``; ``page`` renders it. The
page needs no network and no server.
"""

from mobile_ai.operations.dashboard.board import Board, Chart, Table
from mobile_ai.operations.dashboard.page import render_page

__all__ = ["Board", "Chart", "Table", "render_page"]
