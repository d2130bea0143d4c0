"""Provider process: prints its port and serves until the engine exits."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mobile_ai.sandbox.proto_only_import import skip_sdk_start
from mobile_ai.sandbox.providers.spec import Spec
from mobile_ai.sandbox.providers.specfile import ensure_spec

if TYPE_CHECKING:
    import grpc

    from mobile_ai.sandbox.providers.cloud import Cloud
    from mobile_ai.sandbox.providers.provider_behavior import Dialect

_THREADS: Final = 4
# The engine itself allows messages of 400 MB (pulumi/pulumi rpcutil).
_MAX_MESSAGE: Final = 400 * 1024 * 1024
_PARENT_CHECK_SECONDS: Final = 2.0


def main(
    name: str,
    make_dialect: Callable[[Spec, Mapping[str, str]], Dialect],
    make_cloud: Callable[[Any, Mapping[str, str]], Cloud | None] | None = None,
) -> int:
    """Run a provider process and return its exit code.

    Args:
        name: Provider name, such as ``aws``.
        make_dialect: Creates the dialect from the spec and the environment.
        make_cloud: Creates the cloud from the dialect and the environment; without one, objects are
            kept in the state only.
    """
    # Before the port is told: an engine that dies at once would else be taken for another parent.
    parent = os.getppid()
    options, _ = spec_option().parse_known_args()  # the engine passes its address and logging flags
    # The engine stops a plugin with SIGINT to its own process group (and kills it after 5 s);
    # Ctrl-C in a terminal does not reach it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    # Children are started by exec, if at all, so gRPC's fork handlers would only cost time.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    spec = Spec.load(options.spec or ensure_spec(name))
    skip_sdk_start()
    dialect = make_dialect(spec, os.environ)
    cloud = make_cloud(dialect, os.environ) if make_cloud else None
    server, port = start(dialect, os.environ, cloud)
    print(port, flush=True)
    _wait(server, parent=parent)
    return 0


def spec_option() -> argparse.ArgumentParser:
    """Return the parser of the argument that the plugin script adds to the engine's."""
    parser = argparse.ArgumentParser(prog="pulumi-resource", allow_abbrev=False)
    parser.add_argument("--spec", type=Path, help="type facts made at installation")
    return parser


def start(
    dialect: Dialect, environment: Mapping[str, str], cloud: Cloud | None = None
) -> tuple[grpc.Server, int]:
    """Serve a dialect on a free loopback port; return the running server and the port."""
    # Imported here, after `main` has called `skip_sdk_start`.
    import grpc  # noqa: PLC0415
    from pulumi.runtime.proto import provider_pb2_grpc  # noqa: PLC0415

    from mobile_ai.sandbox.providers.servicer import StandInServicer  # noqa: PLC0415
    from mobile_ai.sandbox.providers.state_only import StateOnly  # noqa: PLC0415

    limits = [
        ("grpc.max_receive_message_length", _MAX_MESSAGE),
        ("grpc.max_send_message_length", _MAX_MESSAGE),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=limits)
    servicer = StandInServicer(dialect, cloud or StateOnly(dialect), environment)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _wait(server: grpc.Server, *, parent: int) -> None:
    """Serve until stopped, or until the engine has exited without a signal."""
    while server.wait_for_termination(timeout=_PARENT_CHECK_SECONDS):
        if os.getppid() != parent:
            print("the engine is gone; stopping", file=sys.stderr)
            return
