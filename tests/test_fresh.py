"""Environment of a fresh machine: without the caller's caches and settings."""

import os
from pathlib import Path

from tests.tools.fresh import STEPS, environment

ROOT = Path(__file__).resolve().parent.parent


def test_every_cache_of_a_fresh_machine_is_a_new_and_empty_folder(tmp_path):
    found = environment(tmp_path, {"PATH": "/bin", "HOME": "/home/ada", "GOCACHE": "/warm"})

    for name in (
        "HOME",
        "XDG_CACHE_HOME",
        "GOMODCACHE",
        "GOCACHE",
        "UV_CACHE_DIR",
        "PIP_CACHE_DIR",
    ):
        assert Path(found[name]).is_relative_to(tmp_path)
        assert list(Path(found[name]).iterdir()) == []


def test_the_callers_settings_stay_out_and_its_way_to_the_registries_stays(tmp_path):
    ambient = {
        "PATH": os.defpath,
        "PIP_CERT": "/etc/ssl/certs/ca.crt",
        "PULUMI_HOME": "/home/ada/.pulumi",
        "MOBILE_AI_PULUMI": "/usr/bin/pulumi",
        "KUBECONFIG": "/home/ada/.kube/config",
        "VIRTUAL_ENV": "/home/ada/.venv",
    }

    found = environment(tmp_path, ambient)

    assert set(ambient) & set(found) == {"PATH", "PIP_CERT"}


def test_both_commands_of_the_readme_are_run_as_they_stand_there():
    readme = (ROOT / "README.md").read_text()
    commands = [" ".join(command) for _, command in STEPS]

    for command in ("make preview", "make test"):
        assert f"\n{command} " in readme
        assert command in commands
