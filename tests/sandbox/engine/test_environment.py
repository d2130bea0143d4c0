"""The environment that the engine gets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.sandbox.engine import Engine, environment

ENGINE = Engine(pulumi=Path("/cache/engine/pulumi"), version="3.259.0", origin="built")
OFFICIAL = Engine(pulumi=Path("/opt/pulumi/pulumi"), version="3.260.0", origin="official")


def make(ambient: dict[str, str], *, sandbox: bool = True, engine: Engine = ENGINE, **changed):
    given = {"home": Path("/run/home"), "backend_url": "file:///run/state", "passphrase": "p"}
    return environment(engine, ambient=ambient, sandbox=sandbox, **{**given, **changed})


def test_the_engines_folder_is_searched_first():
    assert make({"PATH": "/usr/bin"})["PATH"].startswith("/cache/engine:")
    assert make({"PATH": "/usr/bin"})["PATH"].endswith(":/usr/bin")


def test_home_backend_and_passphrase_are_the_given_ones():
    env = make({"PULUMI_HOME": "/elsewhere", "PULUMI_BACKEND_URL": "s3://else"}, sandbox=False)

    assert env["PULUMI_HOME"] == "/run/home"
    assert env["PULUMI_BACKEND_URL"] == "file:///run/state"
    assert env["PULUMI_CONFIG_PASSPHRASE"] == "p"


@given(name=st.from_regex(r"PULUMI_OPTION_[A-Z_]*", fullmatch=True), sandbox=st.booleans())
def test_no_option_of_a_command_can_come_from_the_environment(name, sandbox):
    assert name not in make({name: "x"}, sandbox=sandbox)


@pytest.mark.parametrize(
    "name",
    [
        "KUBECONFIG",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_ENDPOINT_URL",
        "AWS_SHARED_CREDENTIALS_FILE",
        "KUBERNETES_SERVICE_HOST",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_STACK",
        "PULUMI_DEBUG_PROVIDERS",
    ],
)
def test_the_sandbox_reaches_no_real_cloud_and_real_clouds_stay_reachable(name):
    assert name not in make({name: "x"}, sandbox=True)
    assert make({name: "x"}, sandbox=False)[name] == "x"


def test_other_variables_stay():
    assert make({"HOME": "/home/ada", "LANG": "C"}) | {"HOME": "/home/ada", "LANG": "C"} == make(
        {"HOME": "/home/ada", "LANG": "C"}
    )


def test_the_given_environment_is_not_changed():
    ambient = {"KUBECONFIG": "x"}

    make(ambient)

    assert ambient == {"KUBECONFIG": "x"}


def test_without_a_passphrase_the_ambient_secrets_settings_stay():
    ambient = {"PULUMI_CONFIG_PASSPHRASE_FILE": "/secret"}

    env = make(ambient, sandbox=False, passphrase=None)

    assert env["PULUMI_CONFIG_PASSPHRASE_FILE"] == "/secret"
    assert "PULUMI_CONFIG_PASSPHRASE" not in env


def test_a_given_passphrase_stands_above_an_ambient_file():
    """The engine would read the file otherwise."""
    env = make({"PULUMI_CONFIG_PASSPHRASE_FILE": "/secret"}, sandbox=False)

    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in env


@pytest.mark.parametrize(
    ("engine", "sandbox", "off"),
    [(ENGINE, True, True), (ENGINE, False, True), (OFFICIAL, True, True), (OFFICIAL, False, False)],
)
def test_plugins_are_fetched_by_an_official_engine_on_a_real_cloud_only(engine, sandbox, off):
    env = make({}, engine=engine, sandbox=sandbox)

    assert ("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" in env) is off
