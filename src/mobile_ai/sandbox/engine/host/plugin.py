"""Runs a Python plugin, usually a policy pack, and streams its output."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import IO

from pulumi.runtime.proto import language_pb2 as language

from mobile_ai.sandbox import proto_only_import
from mobile_ai.sandbox.engine.host.analyzer import is_protocol_only, stack_environment
from mobile_ai.sandbox.engine.host.interpreter import Interpreter
from mobile_ai.sandbox.engine.host.output import Output
from mobile_ai.sandbox.engine.host.process import Children, HostClosing, describe_exit
from mobile_ai.sandbox.engine.host.relay import Relay


class PluginRun:
    """One run of a plugin, from start to end."""

    def __init__(
        self, request: language.RunPluginRequest, interpreter: Interpreter, children: Children
    ) -> None:
        """Prepare to run the plugin of `request`, without starting it."""
        self._request = request
        self._interpreter = interpreter
        self._children = children
        self._output = Output()
        self._is_pack = request.kind == "analyzer"
        relayed = self._is_pack and not is_protocol_only(request.info)
        self._relay = Relay() if relayed else None
        self._child: Popen[bytes] | None = None
        self._stopped = False

    def messages(self) -> Iterator[language.RunPluginResponse]:
        """Start the plugin, and yield its output and its exit code."""
        threading.Thread(target=self._run, daemon=True).start()
        yield from self._output.messages()

    def stop(self) -> None:
        """Stop the plugin; also called when the engine disconnects."""
        self._stopped = True
        if self._relay is not None:
            self._relay.stop()
        if self._child is not None:
            self._children.end(self._child)

    def _run(self) -> None:
        code: int | None = None
        try:
            code = self._plain() if self._relay is None else self._pack(self._relay)
        except HostClosing:
            pass
        except OSError as error:
            self._output.stderr(f"cannot start {self._interpreter.executable}: {error}\n".encode())
            code = 1
        finally:
            self._output.finish(code)

    def _plain(self) -> int:
        info = self._request.info
        program = str(Path(info.program_directory, info.entry_point or "."))
        start, folder = [], self._request.pwd
        if self._is_pack:
            start, folder = [proto_only_import.__file__], info.program_directory
        child = self._start([*start, program, *self._request.args], {}, Path(folder))
        pumps = [self._output.pump(_of(child.stdout), error=False)]
        return self._finish(child, pumps)

    def _pack(self, relay: Relay) -> int | None:
        relay.serve()
        self._output.stdout(f"{relay.port}\n".encode())
        configuration = relay.await_configuration()
        if self._stopped:
            return None
        # Runs in the pack's folder, which keeps program and caller off its import path.
        folder = Path(self._request.info.program_directory)
        arguments = ["-m", "pulumi.policy", *self._request.args, str(folder)]
        child = self._start(arguments, stack_environment(configuration), folder)
        port = _read_port(_of(child.stdout), self._output.stdout)
        if port is not None:
            relay.attach(port)
        code = self._finish(child, [self._output.pump(_of(child.stdout), error=False)])
        relay.fail(
            f"the policy pack in {folder} {describe_exit(code)} "
            f"{'while it was asked' if port else 'before it served'}, run by "
            f"{self._interpreter.executable}; what it printed tells why"
        )
        return code

    def _start(self, arguments: list[str], extra: dict[str, str], cwd: Path) -> Popen[bytes]:
        base = dict(pair.split("=", 1) for pair in self._request.env if "=" in pair)
        self._child = self._children.start(
            [str(self._interpreter.executable), "-u", *arguments],
            env={**self._interpreter.environment(base), **extra},
            cwd=cwd,
            piped=True,
        )
        self._errors = self._output.pump(_of(self._child.stderr), error=True)
        return self._child

    def _finish(self, child: Popen[bytes], pumps: list[threading.Thread]) -> int:
        code = self._children.wait(child)
        for pump in (*pumps, self._errors):
            pump.join()
        return code


def _read_port(stream: IO[bytes], pass_on: Callable[[bytes], None]) -> int | None:
    """Read the line with the port, and forward earlier lines as output."""
    while line := stream.readline():
        if line.strip().isdigit():
            return int(line)
        pass_on(line)
    return None


def _of(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("plugins are always started with pipes")
    return stream
