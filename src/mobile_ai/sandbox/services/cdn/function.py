"""Runs viewer-request functions in one persistent Node.js process."""

import asyncio
import itertools
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_SCRIPT: Final = Path(__file__).with_name("edge.js")
_SECONDS: Final = 5.0
# Maximum length of a response line; CloudFront limits a function's response to 40 kB.
_LIMIT_BYTES: Final = 1 << 20


class FunctionError(Exception):
    """The function returned no result; the viewer gets no object."""


class FunctionRunner:
    """Runs functions; starts Node.js at the first one."""

    def __init__(self, node: str | None = None) -> None:
        """Store the Node.js executable; default: the one on PATH."""
        self.node = node or shutil.which("node")
        self._ids = itertools.count()
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def run(self, code: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return the result of `handler(event)` of `code`.

        Raises:
            FunctionError: Node.js is missing, or the function fails or times out.
        """
        async with self._turn:
            try:
                return await asyncio.wait_for(self._ask(code, event), _SECONDS)
            except (TimeoutError, OSError, ValueError) as error:
                await self.close()
                raise FunctionError(f"Node.js did not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Stop Node.js."""
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
