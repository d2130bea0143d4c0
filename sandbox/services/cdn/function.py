"""Viewer-request functions, run by Node.js in one process that stays."""

import asyncio
import itertools
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

__all__ = ["FunctionError", "FunctionRunner"]

_SCRIPT: Final = Path(__file__).with_name("edge.js")
_SECONDS: Final = 5.0
# Longest line of an answer; CloudFront lets a function return 40 kB.
_LIMIT_BYTES: Final = 1 << 20


class FunctionError(Exception):
    """The function did not answer; a viewer gets no object then."""


class FunctionRunner:
    """Runs functions; starts Node.js when the first is asked for."""

    def __init__(self, node: str | None = None) -> None:
        """Take the Node.js to use; the one on PATH if not given."""
        self.node = node or shutil.which("node")
        self._ids = itertools.count()
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def run(self, code: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return what `handler(event)` of `code` returns.

        Raises:
            FunctionError: There is no Node.js, or the function fails or takes too long.
        """
        async with self._turn:
            try:
                return await asyncio.wait_for(self._ask(code, event), _SECONDS)
            except (TimeoutError, OSError, ValueError) as error:
                await self.close()
                raise FunctionError(f"Node.js did not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """End Node.js."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, code: str, event: dict[str, Any]) -> dict[str, Any]:
        process = await self._started()
        if process.stdin is None or process.stdout is None:
            raise FunctionError("Node.js has no streams")
        number = next(self._ids)
        line = json.dumps({"id": number, "code": code, "event": event})
        process.stdin.write(f"{line}\n".encode())
        await process.stdin.drain()
        answer = json.loads(await process.stdout.readline())
        result = answer.get("result")
        if answer.get("id") != number or not isinstance(result, dict):
            raise FunctionError(str(answer.get("error", "the function returned no object")))
        return result

    async def _started(self) -> asyncio.subprocess.Process:
        if self.node is None:
            raise FunctionError("Node.js is not on PATH; install it and run `sandbox up` again")
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                self.node,
                str(_SCRIPT),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LIMIT_BYTES,
            )
        return self._process
