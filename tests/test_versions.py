"""Packages installed from the lock: wheels only, on every documented Python and platform."""

import re
import tomllib

import pytest
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

from tests.images.recipe import ROOT

LOCK = {
    (item["name"], item["version"]): item
    for item in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
}
PROJECT = next(item for (name, _), item in LOCK.items() if name == "mobile-ai-delivery")
PYTHONS = ("3.11", "3.12", "3.13")
# macOS 14 is what the wheels of onnxruntime need; glibc 2.36 is Debian 12.
MACHINES = {"macos-arm64": ("darwin", "arm64", 14), "linux-x86_64": ("linux", "x86_64", 36)}
MACHINES |= {"linux-arm64": ("linux", "aarch64", 36)}
EXTRAS = ("", "delivery", "device", "edge", "gate", "operations", "policy-pack", "sandbox")


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("machine", MACHINES)
def test_the_lock_installs_from_wheels_alone(machine, python):
    missing = {
        name
        for name, version in closure(machine, python)
        if not any(fits(wheel, machine, python) for wheel in wheels(name, version))
    }
    assert not missing


def test_a_package_without_a_wheel_would_be_found():
    """The check on itself: a wheel of another Python or system does not count."""
    one = "x-1-cp311-cp311-macosx_11_0_arm64.whl"
    assert fits(one, "macos-arm64", "3.11")
    assert not fits(one, "macos-arm64", "3.12")
    assert not fits(one, "linux-arm64", "3.11")
    assert not fits("x-1-cp311-cp311-macosx_26_0_arm64.whl", "macos-arm64", "3.11")
    assert not fits("x-1-cp311-cp311-macosx_11_0_x86_64.whl", "macos-arm64", "3.11")
    assert not fits("x-1-cp311-cp311-manylinux_2_39_x86_64.whl", "linux-x86_64", "3.11")
    assert fits("x-1-cp39-abi3-macosx_10_9_universal2.whl", "macos-arm64", "3.13")
    assert fits("x-1-py2.py3-none-any.whl", "macos-arm64", "3.13")


def closure(machine: str, python: str) -> set[tuple[str, str]]:
    """Every package that the extras bring there."""
    system, architecture, _ = MACHINES[machine]
    here = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": system,
        "platform_machine": architecture,
        "platform_system": system.capitalize(),
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "os_name": "posix",
    }
    found: set[tuple[str, str]] = set()
    waiting = [(PROJECT, extra) for extra in EXTRAS]
    seen = set()
    while waiting:
        package, extra = waiting.pop()
        key = package["name"], package["version"], extra
        if key in seen:
            continue
        seen.add(key)
        listed = (
            package.get("optional-dependencies", {}).get(extra, ())
            if extra
            else package.get("dependencies", ())
        )
        for item in listed:
            if "marker" in item and not Marker(item["marker"]).evaluate(here):
                continue
            wanted = _of(item, here)
            found.add((wanted["name"], wanted["version"]))
            waiting += [(wanted, one) for one in ("", *item.get("extra", ()))]
    assert len(found) > 100
    return found


def _of(item: dict, here: dict) -> dict:
    """The locked version that a dependency means there: one, or one for each marker."""
    fitting = [
        package
        for (name, version), package in LOCK.items()
        if name == item["name"]
        and item.get("version", version) == version
        and any(
            Marker(one).evaluate(here)
            for one in package.get("resolution-markers", ("os_name != ''",))
        )
    ]
    [found] = fitting
    return found


def wheels(name: str, version: str) -> list[str]:
    return [each["url"].rpartition("/")[2] for each in LOCK[name, version].get("wheels", ())]


def fits(filename: str, machine: str, python: str) -> bool:
    """Return whether CPython accepts a wheel, by the PEP 425 tags that these platforms need."""
    system, architecture, newest = MACHINES[machine]
    minor = int(python.partition(".")[2])
    for tag in parse_wheel_filename(filename)[3]:
        interpreter = re.fullmatch(r"(?:py|cp)3(\d*)", tag.interpreter)
        if interpreter is None:
            continue
        exact = tag.abi == f"cp3{minor}"
        stable = tag.abi == "abi3" and int(interpreter[1]) <= minor
        pure = tag.abi == "none" and int(interpreter[1] or 0) <= minor
        if (exact or stable or pure) and _runs(tag.platform, system, architecture, newest):
            return True
    return False


def _runs(platform: str, system: str, architecture: str, newest: int) -> bool:
    if platform == "any":
        return True
    if system == "darwin":
        found = re.fullmatch(rf"macosx_(\d+)_\d+_(?:{architecture}|universal2)", platform)
        return bool(found) and int(found[1]) <= newest
    found = re.fullmatch(rf"manylinux(?:_2_(\d+)|1|2010|2014)_{architecture}", platform)
    return bool(found) and int(found[1] or 17) <= newest
