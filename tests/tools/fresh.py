"""A newcomer's machine: both commands of the README in a fresh clone, a new home and empty caches.

    python3 tests/tools/fresh.py            # `make fresh`; an hour or so, and 15 GB while it runs
    python3 tests/tools/fresh.py --until "make preview"    # a part of it
    python3 tests/tools/fresh.py --keep     # leaves the folder for a look

The last commit is what is cloned. The system's programs (Python, git, make, Go) are the caller's;
everything that they keep between runs starts empty. Runs on the standard library, since nothing is
installed yet. Exit code 1 names the step that failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# Each README command is the last of its group; those before are what it depends on, in its order,
# so that each gets a time of its own.
STEPS = (
    ("base environment", ("make", ".venv/.base")),
    ("engine", ("make", "setup")),
    ("make preview", ("make", "preview")),
    ("full environment", ("make", ".venv/.all")),
    ("programs of the sandbox", ("make", "programs")),
    ("make test", ("make", "test")),
)

# What is known of the user stays out; how packages are reached (proxies, certificates) stays in.
_DROPPED = ("PULUMI_", "MOBILE_AI_", "KUBE", "UV_", "VIRTUAL_ENV", "XDG_", "PYTHONPATH")


def main() -> int:
    """Run every step, print its time, return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--keep", action="store_true", help="do not delete the folder")
    names = [name for name, _ in STEPS]
    parser.add_argument("--until", choices=names, default=names[-1], help="the last step to run")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mobile-ai-fresh-"))
    try:
        return _run(folder, STEPS[: names.index(given.until) + 1])
    except KeyboardInterrupt:
        return 130
    finally:
        if given.keep:
            print(f"Left for a look: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path, ambient: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a machine on which nothing was installed or downloaded."""
    kept = {name: value for name, value in ambient.items() if not name.startswith(_DROPPED)}
    home, cache = folder / "home", folder / "cache"
    empty = {
        "HOME": home,
        "XDG_CACHE_HOME": cache / "xdg",
        "GOMODCACHE": cache / "go-modules",
        "GOCACHE": cache / "go-build",
        "UV_CACHE_DIR": cache / "uv",
        "PIP_CACHE_DIR": cache / "pip",
    }
    for path in empty.values():
        path.mkdir(parents=True)
    # Go keeps modules read-only, which nobody but root can delete again.
    return {**kept, **{name: str(path) for name, path in empty.items()}, "GOFLAGS": "-modcacherw"}


def _run(folder: Path, steps: Sequence[tuple[str, Sequence[str]]]) -> int:
    origin = Path(__file__).resolve().parents[2]
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", origin, clone], check=True)
    ambient = environment(folder, os.environ)
    began, times = time.monotonic(), []
    for name, command in steps:
        print(f"\n== {name}: {' '.join(command)}", flush=True)
        at = time.monotonic()
        code = subprocess.run(
            command, cwd=clone, env=ambient, stdin=subprocess.DEVNULL, check=False
        ).returncode
        times.append((name, time.monotonic() - at))
        if code:
            print(f"\nerror: `{' '.join(command)}` failed on a fresh machine: exit code {code}")
            break
    print("\n".join(_table([*times, ("in all", time.monotonic() - began)])))
    return 1 if code else 0


def _table(times: list[tuple[str, float]]) -> list[str]:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    rows = [
        f"  {name:<24} {int(seconds) // 60:3}:{int(seconds) % 60:02}" for name, seconds in times
    ]
    return ["", f"Minutes and seconds ({os.cpu_count()} cores; load at the end {load}):", *rows]


if __name__ == "__main__":
    sys.exit(main())
