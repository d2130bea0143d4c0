"""Sketches."""

from edge.serving import Run


class Sketches:
    def observe(self, run: Run) -> None: ...
