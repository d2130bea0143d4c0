"""`LanguageRuntime` methods that the engine calls for Python."""

# ruff: noqa: ARG002, N802 - the protocol gives the names and passes every method both arguments

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto import language_pb2_grpc
from pulumi.runtime.proto import plugin_pb2 as plugin

from mobile_ai.sandbox.engine.host import packages
from mobile_ai.sandbox.engine.host.analyzer import is_protocol_only
from mobile_ai.sandbox.engine.host.interpreter import Interpreter, InterpreterError, choose
from mobile_ai.sandbox.engine.host.plugin import PluginRun
from mobile_ai.sandbox.engine.host.process import Children, HostClosing, describe_exit
from mobile_ai.sandbox.engine.host.program import (
    ALREADY_SHOWN,
    executor_arguments,
    executor_environment,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """Settings of the host, from its command line.

    Attributes:
        executor: Path of `pulumi-language-python-exec`.
        engine_address: Address of the engine.
        tracing: Tracing endpoint, empty for none.
        version: Version that the host reports, equal to the engine's.
    """

    executor: str
    engine_address: str
    tracing: str
    version: str


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs and plugins for the engine."""

    def __init__(self, settings: HostSettings, children: Children) -> None:
        """Serve with `settings`, and start processes as `children`."""
        self._settings = settings
        self._children = children

    def Handshake(
        self, request: language.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language.LanguageHandshakeResponse:
        """Confirm that the host is alive; each call carries all it requires."""
        return language.LanguageHandshakeResponse()

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin.PluginInfo:
        """Return the host's version."""
        return plugin.PluginInfo(version=self._settings.version)

    def GetRequiredPackages(
        self, request: language.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language.GetRequiredPackagesResponse:
        """Return the provider plugins of the SDKs installed for the program."""
        found = packages.plugins(_interpreter(request.info, context).site_packages())
        return language.GetRequiredPackagesResponse(
            packages=[
                plugin.PackageDependency(
                    name=each.name, kind="resource", version=each.version, server=each.server
                )
                for each in found
            ]
        )

    def GetRequiredPlugins(
        self, request: language.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language.GetRequiredPluginsResponse:
        """Return the same for engines that predate packages."""
        found = packages.plugins(_interpreter(request.info, context).site_packages())
        return language.GetRequiredPluginsResponse(
            plugins=[
                plugin.PluginDependency(
                    name=each.name, kind="resource", version=each.version, server=each.server
                )
                for each in found
            ]
        )

    def About(
        self, request: language.AboutRequest, context: grpc.ServicerContext
    ) -> language.AboutResponse:
        """Return the interpreter that runs the program."""
        chosen = _interpreter(request.info, context)
        return language.AboutResponse(executable=str(chosen.executable), version=chosen.version)

    def GetProgramDependencies(
        self, request: language.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language.GetProgramDependenciesResponse:
        """Return the distributions that the program can import."""
        found = packages.distributions(
            _interpreter(request.info, context).site_packages(),
            transitive=request.transitiveDependencies,
        )
        return language.GetProgramDependenciesResponse(
            dependencies=[
                language.DependencyInfo(name=name, version=version) for name, version in found
            ]
        )

    def InstallDependencies(
        self, request: language.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language.InstallDependenciesResponse]:
        """Install the `requirements.txt` of a project, if it exists, and return pip's output."""
        folder = Path(request.info.program_directory or request.directory)
        if not (folder / "requirements.txt").is_file():
            return
        chosen = _interpreter(request.info, context)
        command = [str(chosen.executable), "-m", "pip", "install", "-r", "requirements.txt"]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        yield language.InstallDependenciesResponse(stdout=done.stdout, stderr=done.stderr)
        if done.returncode:
            _refuse(context, f"`{' '.join(command)}` {describe_exit(done.returncode)} in {folder}.")

    def Run(
        self, request: language.RunRequest, context: grpc.ServicerContext
    ) -> language.RunResponse:
        """Run a program to its end; it inherits the host's output."""
        chosen = _interpreter(request.info, context)
        settings = self._settings
        arguments = executor_arguments(
            request, engine_address=settings.engine_address, tracing=settings.tracing
        )
        try:
            chosen.require(["pulumi"])
            child = self._children.start(
                [str(chosen.executable), "-u", settings.executor, *arguments],
                env=executor_environment(request, chosen.environment(os.environ)),
                cwd=Path(request.pwd or "."),
                piped=False,
            )
        except HostClosing:
            return language.RunResponse(bail=True)
        except (InterpreterError, OSError) as error:
            return language.RunResponse(error=str(error))
        return self._outcome(self._children.wait(child))

    def RunPlugin(
        self, request: language.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language.RunPluginResponse]:
        """Run a plugin, usually a policy pack, until it exits or the engine disconnects."""
        chosen = _interpreter(request.info, context)
        by_sdk = request.kind == "analyzer" and not is_protocol_only(request.info)
        try:
            chosen.require(["pulumi", "pulumi_policy"] if by_sdk else ["pulumi"])
        except InterpreterError as error:
            _refuse(context, str(error))
        run = PluginRun(request, chosen, self._children)
        context.add_callback(run.stop)
        yield from run.messages()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Terminate everything that runs."""
        self._children.end_all()
        return empty_pb2.Empty()

    def _outcome(self, code: int) -> language.RunResponse:
        if code == ALREADY_SHOWN or (code and self._children.closing):
            return language.RunResponse(bail=True)
        return language.RunResponse(error=f"Program {describe_exit(code)}." if code else "")


def _interpreter(info: language.ProgramInfo, context: grpc.ServicerContext) -> Interpreter:
    option = info.options.fields.get("virtualenv")
    try:
        return choose(Path(info.root_directory), option.string_value if option else "")
    except InterpreterError as error:
        _refuse(context, str(error))


def _refuse(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
    raise AssertionError("abort raises")
