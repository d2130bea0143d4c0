"""The parts of uvicorn's protocol that `edge.http` builds on, which uvicorn does not document.

Its version is bounded in `pyproject.toml`. These tests name what a newer one must still have.
"""

import ast
import inspect
import textwrap

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mobile_ai.edge.http import _Direct

SOURCE = ast.parse(textwrap.dedent(inspect.getsource(HttpToolsProtocol)))
# What uvicorn reads and sets on the request under way, so what a request on the fast path has. The
# body is read by methods that `edge.http` calls for uvicorn's own requests only.
OF_A_REQUEST = {"disconnected", "keep_alive", "message_event", "more_body", "response_complete"}
OF_ITS_OWN = {"body", "run_asgi"}


def attributes_of(*path: str) -> set[str]:
    """The attributes that uvicorn's class uses of `self`, or of an attribute of `self`."""
    owner = ".".join(["self", *path])
    return {
        node.attr
        for node in ast.walk(SOURCE)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == owner
    }


def test_uvicorn_uses_no_more_of_a_request_than_the_fast_path_has():
    assert attributes_of("cycle") - OF_ITS_OWN == OF_A_REQUEST
    assert all(hasattr(_Direct, name) for name in OF_A_REQUEST)


@pytest.mark.parametrize(
    "name",
    [
        "app",
        "client",
        "connections",
        "cycle",
        "expect_100_continue",
        "flow",
        "headers",
        "parser",
        "scope",
        "transport",
        "url",
    ],
)
def test_a_connection_has_the_attribute(name):
    assert name in attributes_of()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("connection_made", ["transport"]),
        ("data_received", ["data"]),
        ("on_message_begin", []),
        ("on_url", ["url"]),
        ("on_header", ["name", "value"]),
        ("on_headers_complete", []),
        ("on_body", ["body"]),
        ("on_message_complete", []),
        ("on_response_complete", []),
    ],
)
def test_a_connection_has_the_method(name, arguments):
    assert list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters) == [
        "self",
        *arguments,
    ]


def test_flow_control_says_whether_the_client_reads():
    assert {"pause_reading", "resume_reading"} <= attributes_of("flow")
    assert hasattr(HttpToolsProtocol, "pause_writing")
