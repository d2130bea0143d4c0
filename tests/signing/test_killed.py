"""A process that is killed between the temporary file and the rename leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from textwrap import dedent

from tests.signing.examples import role_of

PROGRAM = dedent(
    """
    import os, signal, sys
    from pathlib import Path
    Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    from mobile_ai.cli.main import main
    main(sys.argv[1:])
    """
)


def test_a_kill_before_the_rename_leaves_no_record_and_the_next_run_writes_it(place):
    key, path = place.key(role_of("freeze")), place.draft("freeze")
    path.write_text(path.read_text().replace("2026-11-30", FAR[0]).replace("2026-12-05", FAR[1]))
    arguments = ["record", "sign", str(path), "--key", key]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=place.root,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    folder = place.root / "policy-pack/waivers/dev"
    assert [item.suffix for item in folder.iterdir()] == [".new"]
    assert list(folder.glob("*.yaml")) == []
    command = [sys.executable, "-m", "mobile_ai.cli.main", *arguments]
    again = subprocess.run(command, cwd=place.root, capture_output=True, check=False)
    assert again.returncode == 0, again.stderr
    assert [item.name for item in folder.glob("*.yaml")] == ["x.yaml"]


FAR = ("2098-01-01", "2098-01-06")
