"""Consoles whose text is nothing but text: only their own colours and layout are commands."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RichCast
from rich.segment import Segment

from mobile_ai.contracts.printable import printable


class _Shown:
    """Renderable with every character that is no text escaped."""

    def __init__(self, shown: ConsoleRenderable | RichCast | str) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._shown, options):
            if segment.control:
                yield segment
            else:
                yield Segment("\n".join(map(printable, segment.text.split("\n"))), segment.style)


class _Hook(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(item) for item in renderables]


def console(*, stderr: bool = False) -> Console:
    """Return a console for texts from outside; every console of the commands is made here."""
    made = Console(stderr=stderr)
    made.push_render_hook(_Hook())
    return made
