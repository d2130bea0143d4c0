"""Progress of model commands."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mobile_ai.cli.console import console

_err = console(stderr=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show progress: a spinner on a terminal, one line per step elsewhere."""
    if not sys.stderr.isatty():
        yield lambda text: _err.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=_err, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda text: bar.update(task, description=text)
