"""`mobile-ai bundle`: options and output."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from mobile_ai.cli import main as cli
from mobile_ai.gate.deploy import site_bundles
from mobile_ai.gate.deploy.site_bundles import WrittenBundle
from mobile_ai.gate.errors import GateError

WRITTEN = WrittenBundle(site="lab", folder="build/sites/dev/lab", files=11, commit="c" * 40)


@pytest.fixture
def bundle(capsys, monkeypatch):
    def run(*arguments, written=(WRITTEN,)):
        asked = []

        def bundle_state(options, *, out, removed):
            asked.append((options.stack, options.cloud, out, [*removed]))
            if isinstance(written, Exception):
                raise written
            return written

        monkeypatch.setattr(site_bundles, "bundle_state", bundle_state)
        with suppress(SystemExit):
            cli.main(["bundle", "--stack", "dev", "--cloud", "aws", *arguments])
        return asked, *capsys.readouterr()

    return run


def test_every_site_is_named_with_its_folder(bundle):
    asked, out, _ = bundle()
    assert asked == [("dev", "aws", None, [])]
    assert out == f"lab: build/sites/dev/lab, 11 manifests, commit {'c' * 40}\n"


def test_folder_and_removed_sites_are_passed_on(bundle):
    asked, out, _ = bundle("--out", "build/b", "--removed", "x", "--removed", "y", "--json")
    assert asked == [("dev", "aws", Path("build/b"), ["x", "y"])]
    assert json.loads(out)[0]["files"] == 11


def test_a_stack_without_pull_sites_says_so(bundle):
    assert bundle(written=())[1] == "Stack dev has no site in mode `pull`.\n"


def test_an_error_is_no_traceback(bundle):
    _, out, err = bundle(written=GateError("stack dev: got x; expected y. Next: z."))
    assert (out, "got x; expected y" in err) == ("", True)
