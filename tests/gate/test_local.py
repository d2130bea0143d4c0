"""Selection of a stack's sandbox."""

import pytest

from mobile_ai.gate.deploy.local import endpoints_path, in_sandbox
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.run import GateOptions
from mobile_ai.sandbox.services.endpoints import (
    DEFAULT_ACCOUNT,
    ENDPOINTS_VARIABLE,
    Cluster,
    Endpoints,
)
from mobile_ai.stack.errors import StackFileError
from tests.stack.sample import stack_text

OTHER = "444455556666"


@pytest.fixture
def options(tmp_path):
    def make(account=DEFAULT_ACCOUNT, sites="[]", **ambient):
        (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
        text = f'config:\n  mobile-ai:aws: {{accountId: "{account}"}}\n'
        text += f"  mobile-ai:sites: {sites}\n"
        (tmp_path / "Pulumi.prod.yaml").write_text(text)
        return GateOptions(stack="prod", folder=tmp_path, ambient=ambient)

    return make


def start(root, name, account=DEFAULT_ACCOUNT):
    path = root / "build" / "sandbox" / name / "endpoints.json"
    Endpoints(name=name, account=account).write(path)
    return path


def test_the_callers_comes_first_then_that_of_the_stacks_name_then_the_default(tmp_path):
    default = tmp_path / "build/sandbox/default/endpoints.json"
    assert endpoints_path(tmp_path, "prod", {}) == default
    named = start(tmp_path, "prod")
    assert endpoints_path(tmp_path, "prod", {}) == named
    assert endpoints_path(tmp_path, "dev", {}) == default
    mine = tmp_path / "mine.json"
    assert endpoints_path(tmp_path, "prod", {ENDPOINTS_VARIABLE: str(mine)}) == mine


def test_the_engine_is_told_where_it_is(options, tmp_path):
    path = start(tmp_path, "default")
    assert in_sandbox(options()).ambient == {
        ENDPOINTS_VARIABLE: str(path),
        "MOBILE_AI_SANDBOX": "1",
    }


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (DEFAULT_ACCOUNT, "Next: `mobile-ai sandbox up`, then"),
        (OTHER, f"sandbox up --name prod --account {OTHER}`"),
    ],
)
def test_without_one_the_command_that_starts_it_is_named(options, tmp_path, account, said):
    asked = options()
    text = stack_text(lambda it: it["aws"].update(accountId=account))
    (tmp_path / "Pulumi.prod.yaml").write_text(text)
    with pytest.raises(GateError, match=said):
        in_sandbox(asked)


def test_what_is_wrong_with_the_stack_file_is_said_before_that_no_sandbox_runs(options):
    with pytest.raises(
        StackFileError, match=r"Pulumi\.prod\.yaml:1:1 mobile-ai:owner: got nothing"
    ):
        in_sandbox(options())


def test_a_sandbox_of_another_account_is_refused(options, tmp_path):
    start(tmp_path, "default")
    with pytest.raises(GateError, match=f"account {DEFAULT_ACCOUNT} .*expected one of {OTHER}"):
        in_sandbox(options(OTHER))
    start(tmp_path, "prod", OTHER)
    assert in_sandbox(options(OTHER))


def test_endpoints_that_cannot_be_read_are_no_traceback(options, tmp_path):
    start(tmp_path, "default").write_text("{")
    with pytest.raises(GateError, match="cannot be read"):
        in_sandbox(options())


def test_a_stack_without_an_account_is_the_programs_to_refuse(options, tmp_path):
    start(tmp_path, "default")
    asked = options()
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {}\n")
    assert in_sandbox(asked)


def test_a_push_site_needs_a_cluster_of_its_context(options, tmp_path):
    push = "{name: lab, mode: push, context: lab-admin}"
    asked = options(sites=f"[{push}, {{name: paris}}]")
    path = start(tmp_path, "default")
    with pytest.raises(GateError, match=r"lab-admin; expected .*sandbox up .*--site lab-admin`"):
        in_sandbox(asked)
    cluster = Cluster(server="https://127.0.0.1:1", ca="", token="t")
    clusters = {"default": cluster, "lab-admin": cluster}
    Endpoints(name="default", account=DEFAULT_ACCOUNT, kubernetes=clusters).write(path)
    assert in_sandbox(asked)


@pytest.mark.parametrize("sites", ["text", "[text]", "[{mode: push}]", "{}"])
def test_sites_that_are_none_are_the_programs_to_refuse(sites, options, tmp_path):
    start(tmp_path, "default")
    assert in_sandbox(options(sites=sites))
