"""Shared fixtures: golden files with an update flag, and detection of leftover processes."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.leftovers import end, left_by

# Before any test imports it: onnxruntime starts an uploader at import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_LONGEST_ID = 100
_LONG_SUITES = ("fuzz", "accept")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens", action="store_true", help="write golden files instead of comparing"
    )


def pytest_configure() -> None:
    # How long an example takes says how busy the machine is, and nothing about the product.
    hypothesis.settings.register_profile(
        "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("any machine")
    # A shell starts its background jobs with interrupts ignored, and children inherit that: tests
    # of Ctrl-C would then test the shell.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker whole files; `--dist` may name another way."""
    if config.option.dist != "loadgroup":
        return None
    from tests.scheduling import ByFile  # noqa: PLC0415  pytest runs without xdist too

    config.option.loadscopereorder = False  # by number of tests, which says little of their time
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long suites where no marker expression asks for them."""
    if hasattr(config, "workerinput"):
        from tests.scheduling import longest_first  # noqa: PLC0415  pytest runs without xdist too

        longest_first(items)
    asked = config.option.markexpr or ""
    for item in items:
        for suite in _LONG_SUITES:
            if suite in item.keywords and suite not in asked:
                item.add_marker(pytest.mark.skip(reason=f"long: run with -m {suite}"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that leaves processes: after all fixtures, and after the workers have ended."""
    config = session.config
    if hasattr(config, "workerinput") or not hasattr(config, "_tmp_path_factory"):
        return
    folder = config._tmp_path_factory.getbasetemp()
    told = end(left_by(folder))
    if told:
        print("\nerror: tests left processes, now ended:", *told, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case by its argument where its text is long: signed texts differ by worker."""
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Restore the thread's event loop, which `asyncio.run` removes and Pulumi's SDK requires.

    Before any fixture, because those of a module make plans too.
    """
    try:
        asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a file, or write the file under `--update-goldens`."""

    def check(path: Path, text: str) -> None:
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: run pytest with --update-goldens"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: see --update-goldens"

    return check
