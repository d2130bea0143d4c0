"""One self-contained page for engineers, data scientists, finance and ethics reviewers.

``collect`` reads what the other commands wrote into a ``Board``; ``page`` renders it. The page
needs no network and no server.
"""

from operations.dashboard.board import Board, Chart, Table
from operations.dashboard.page import render_page

__all__ = ["Board", "Chart", "Table", "render_page"]
