"""`up` and `down` on a real cloud around an engine that is a script, and what stops them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mobile_ai.gate.deploy import issue_statement as certifying
from mobile_ai.gate.deploy import operate
from mobile_ai.gate.deploy.concurrency import Concurrency
from mobile_ai.gate.deploy.issue_statement import certify
from mobile_ai.gate.deploy.operate import bring_up, refresh, take_down
from mobile_ai.gate.deploy.session import open_desk, seal_now
from mobile_ai.gate.deploy.statement import ROLE, signed_statement
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.gate.run import GateOptions
from mobile_ai.testing.signing import Signers, make_trust, make_trust_text
from tests.gate.support import FIELD_URN, STACK_TEXT, TIMING, run_of

ROOT = Path(__file__).parents[2]
SIGNERS = Signers.shared()
KMS = "awskms:///1234?region=eu-central-1"
STATE = {
    "version": 3,
    "deployment": {
        "manifest": {"time": "2026-06-01T12:00:00Z"},
        "secrets_providers": {"type": "cloud", "state": {"url": KMS, "encryptedkey": "x"}},
        "resources": [
            {
                "urn": FIELD_URN,
                "type": "mobileai:index:MobileAIDeployment",
                "inputs": {
                    "spec": {"aiModel": {"id": "digits", "version": "1.0.0", "sha256": "a" * 64}}
                },
            }
        ],
    },
}
_ENGINE = """\
#!{python}
import json, os, pathlib, sys
arguments = sys.argv[1:]
home = pathlib.Path({folder!r})
with (home / "asked.jsonl").open("a") as log:
    log.write(json.dumps([arguments, dict(os.environ)]) + "\\n")
answers = {{
    "version": "v3.300.0",
    "stack export": (home / "state.json").read_text(),
    "stack output": json.dumps({{"bucket": "releases"}}),
    "stack history": json.dumps([{{"resourceChanges": {{"create": 2, "delete": 1}}}}]),
}}
name = " ".join(arguments[:2])
if name == "refresh --yes" and (home / "after.json").exists():
    (home / "after.json").replace(home / "state.json")
if name == "up --yes" and (home / "broken").exists():
    print("Diagnostics:\\n  aws:s3: access denied")
    sys.exit(255)
print(answers.get(name, ""))
"""


class World:
    """A checkout, an engine that answers, and a gate whose verdict the test gives."""

    def __init__(self, folder: Path) -> None:
        self.root, self.engine = folder / "project", folder / "engine"
        self.root.mkdir()
        self.engine.mkdir()
        for name in ("pulumi", "pulumi-language-python"):
            script = self.engine / name
            script.write_text(_ENGINE.format(python=sys.executable, folder=str(self.engine)))
            script.chmod(0o755)
        self.state(STATE)
        self.write("Pulumi.yaml", "name: p\nruntime: python\n")
        self.write("Pulumi.dev.yaml", f"secretsprovider: {KMS}\n{STACK_TEXT}")
        self.write(".gitignore", "build/\n")
        self.write("policy-pack/PulumiPolicy.yaml", "name: p\nversion: 0.1.0\n")
        for name in ("stacks.yaml", "config/dev.json"):
            self.write(f"policy-pack/{name}", (ROOT / "policy-pack" / name).read_text())
        self.trust()
        subprocess.run(["git", "init", "-q", self.root], check=True)
        self.commit()
        self.gate_ran = 0
        self.meanwhile = lambda: None
        self.stream = "passed"
        self.concurrency = Concurrency(total=1_000, unreserved=1_000)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def trust(self, signers: Signers = SIGNERS) -> None:
        self.write("policy-pack/trust/dev.yaml", make_trust_text(signers))

    def state(self, value) -> None:
        (self.engine / "state.json").write_text(json.dumps(value))

    def commit(self) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", self.root, "add", "-A"], check=True)
        made = ["git", "-C", self.root, *who, "commit", "-q", "--allow-empty", "-m", "one"]
        subprocess.run(made, check=True)

    def gate(self, _options, _tell):
        self.gate_ran += 1
        self.meanwhile()
        return assemble_report(run_of(self.stream), TIMING)

    @property
    def options(self) -> GateOptions:
        ambient = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.engine),
            "MOBILE_AI_PULUMI": str(self.engine / "pulumi"),
            "PULUMI_BACKEND_URL": "s3://state",
            "PULUMI_OPTION_TARGET": "somewhere",
            "AWS_PROFILE": "mine",
        }
        return GateOptions(stack="dev", cloud="aws", folder=self.root, ambient=ambient)

    def calls(self, verb: str):
        lines = (self.engine / "asked.jsonl").read_text().splitlines()
        return [call for call in map(json.loads, lines) if call[0][0] == verb]

    def changed(self) -> bool:
        """Return whether a mutating engine command was run."""
        path = self.engine / "asked.jsonl"
        return path.is_file() and bool(self.calls("up") or self.calls("destroy"))

    def statement(self, *, key=SIGNERS.by_role[ROLE], **changes) -> Path:
        """Sign what is there now, but for changes."""
        seal = replace(seal_now(open_desk(self.options)), **changes)
        trust = make_trust(SIGNERS, environment="dev")
        path = self.root / "build" / "statement.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(signed_statement(seal, key, trust))
        return path


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = World(tmp_path)
    monkeypatch.setattr(operate, "run_gate", made.gate)
    monkeypatch.setattr(certifying, "run_gate", made.gate)
    monkeypatch.setattr(operate, "account_concurrency", lambda *_: made.concurrency)
    return made


def quiet(_: str) -> None:
    """Say nothing."""


def test_up_asks_the_callers_engine_with_the_pack_and_what_the_pack_is_told(world):
    report, deployed = bring_up(world.options, quiet)
    ((arguments, variables),) = world.calls("up")
    assert arguments[1:] == [
        "--yes",
        "--non-interactive",
        "--color=never",
        "--suppress-progress",
        "--stack=dev",
        f"--config-file={world.root / 'Pulumi.dev.yaml'}",
        "--skip-preview",
        f"--policy-pack={world.root / 'policy-pack'}",
    ]
    assert (variables["PULUMI_BACKEND_URL"], variables["AWS_PROFILE"]) == ("s3://state", "mine")
    assert not {"PULUMI_OPTION_TARGET", "PULUMI_CONFIG_PASSPHRASE"} & set(variables)
    assert report.verdict == "pass"
    assert (deployed.changes, deployed.outputs) == (
        {"create": 2, "delete": 1},
        {"bucket": "releases"},
    )
    assert deployed.reachable == {}


def test_up_without_a_pass_changes_nothing(world):
    world.stream = "denied"
    report, deployed = bring_up(world.options, quiet)
    assert (report.verdict, deployed) == ("denied", None)
    assert not world.changed()


def test_up_stops_before_the_gate_where_the_account_cannot_reserve_what_the_stack_does(world):
    world.concurrency = Concurrency(total=10, unreserved=10)

    with pytest.raises(GateError, match=r"got 10 concurrent(.|\n)*request-service-quota-increase"):
        bring_up(world.options, quiet)
    assert (world.gate_ran, world.changed()) == (0, False)


def test_up_that_the_engine_fails_says_why_and_that_it_can_go_on(world):
    (world.engine / "broken").touch()
    with pytest.raises(GateError, match=r"access denied(.|\n)*run the same command again"):
        bring_up(world.options, quiet)


def test_down_destroys_on_the_callers_backend(world):
    assert take_down(world.options, quiet).changes["delete"] == 1
    ((arguments, variables),) = world.calls("destroy")
    assert f"--config-file={world.root / 'Pulumi.dev.yaml'}" in arguments
    assert variables["PULUMI_BACKEND_URL"] == "s3://state"


def test_refresh_tells_what_differs_from_the_state_before(world):
    moved = json.loads(json.dumps(STATE))
    del moved["deployment"]["resources"][0]["inputs"]["spec"]
    (world.engine / "after.json").write_text(json.dumps(moved))
    seen = refresh(world.options, quiet)
    assert [(drift.urn, drift.properties) for drift in seen.found] == [(FIELD_URN, ("spec",))]
    assert seen.resources == 1
    assert not world.changed()


def stack_file(text):
    def edit(world):
        world.write("Pulumi.dev.yaml", f"{text}{STACK_TEXT}")
        world.commit()

    return edit


def secrets(**provider):
    def edit(world):
        deployment = {**STATE["deployment"], "secrets_providers": provider}
        world.state({**STATE, "deployment": deployment})

    return edit


def nothing_known(world):
    stack_file("")(world)
    world.state({"version": 3, "deployment": {}})


def pending(world):
    left = [{"type": "creating", "resource": {"urn": "urn:x"}}]
    world.state({**STATE, "deployment": {**STATE["deployment"], "pending_operations": left}})


REFUSED = [
    (lambda world: world.write("new.py", ""), r"got new\.py uncommitted"),
    (lambda world: world.write("Pulumi.dev.yaml", STACK_TEXT), r"Pulumi\.dev\.yaml uncommitted"),
    (stack_file("encryptionsalt: v1:salt\n"), "got secrets provider passphrase"),
    (stack_file("secretsprovider: passphrase\n"), "got secrets provider passphrase"),
    (stack_file("secretsprovider: gcpkms://k\n"), "got secrets provider gcpkms"),
    (stack_file("secretsprovider: awskms-alike\n"), "expected awskms://"),
    (secrets(type="passphrase", state={"salt": "v1"}), f"{KMS}".replace("?", r"\?") + " and pass"),
    (secrets(type="cloud", state={"url": "hashivault://k"}), "and hashivault"),
    (secrets(type="service"), "and service"),
    (secrets(type="cloud", state={}), "and cloud"),
    (nothing_known, "got secrets provider none"),
    (pending, r"1 operations .*creating urn:x"),
    (lambda world: (world.engine / "build.json").write_text("{}"), "expected an official Pulumi"),
]


@pytest.mark.parametrize(("spoil", "message"), REFUSED)
@pytest.mark.parametrize("operate_on", [bring_up, refresh, take_down])
def test_what_is_not_in_order_is_refused_before_anything_runs(world, operate_on, spoil, message):
    spoil(world)
    with pytest.raises(GateError, match=message):
        operate_on(world.options, quiet)
    assert not world.changed()
    assert world.gate_ran == 0


def test_nothing_is_deleted_while_something_is_protected(world):
    urn = "urn:pulumi:dev::p::mobileai:index:PrivateBucket$aws:s3/bucket:Bucket::models"
    held = [{"urn": urn, "type": "aws:s3/bucket:Bucket", "protect": True}]
    world.state({**STATE, "deployment": {**STATE["deployment"], "resources": held}})
    with pytest.raises(GateError, match=r"1 protected resources \(aws:s3/bucket:Bucket models\)"):
        take_down(world.options, quiet)
    assert not world.changed()
    assert bring_up(world.options, quiet)[1]


def test_key_service_in_the_state_will_do_where_the_file_names_none(world):
    stack_file("")(world)
    assert bring_up(world.options, quiet)[1]


def another_state(world):
    world.state({**STATE, "deployment": {**STATE["deployment"], "manifest": {"time": "later"}}})


MOVED = [
    (lambda world: world.write("Pulumi.dev.yaml", "config: {}"), "source"),
    (lambda world: world.write("policy-pack/rule.py", ""), "source, pack"),
    (lambda world: world.commit(), "commit"),
    (another_state, "state"),
]


@pytest.mark.parametrize(("move", "what"), MOVED)
def test_what_changes_after_the_verdict_stops_up(world, move, what):
    world.meanwhile = lambda: move(world)
    with pytest.raises(GateError, match=f"another {what} than the gate judged"):
        bring_up(world.options, quiet)
    assert not world.changed()


def test_statement_stands_for_the_gate(world):
    report, deployed = bring_up(world.options, quiet, statement=world.statement())
    assert (report, world.gate_ran) == (None, 0)
    assert deployed.changes
    assert f"--policy-pack={world.root / 'policy-pack'}" in world.calls("up")[0][0]


@pytest.mark.parametrize(("move", "what"), [*MOVED[2:]])
def test_statement_about_something_else_is_refused(world, move, what):
    statement = world.statement()
    move(world)
    with pytest.raises(GateError, match=f"another {what} than the gate judged"):
        bring_up(world.options, quiet, statement=statement)
    assert not world.changed()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"commit": "d" * 40}, "another commit"),
        ({"state": "0" * 64}, "another state"),
        ({"pack": "0" * 64}, "another pack"),
        ({"stack": "prod"}, "another stack"),
        ({"cloud": "sandbox"}, "another cloud"),
    ],
)
def test_signed_statement_about_another_thing_is_refused(world, changes, message):
    with pytest.raises(GateError, match=message):
        bring_up(world.options, quiet, statement=world.statement(**changes))
    assert not world.changed()


@pytest.mark.parametrize("age", [timedelta(minutes=31), -timedelta(minutes=1)])
def test_statement_too_old_or_from_the_future_is_refused(world, age):
    now = seal_now(open_desk(world.options)).at
    with pytest.raises(GateError, match="the last 30 minutes"):
        bring_up(world.options, quiet, statement=world.statement(at=now - age))
    assert not world.changed()


def test_statement_of_a_key_that_the_stack_does_not_trust_is_refused(world):
    world.trust(Signers.fresh())
    world.commit()
    with pytest.raises(GateError, match="unknown key"):
        bring_up(world.options, quiet, statement=world.statement())
    assert not world.changed()


def test_statement_for_a_trust_without_the_role_is_refused(world):
    keys = {role: key for role, key in SIGNERS.by_role.items() if role != ROLE}
    world.trust(Signers(keys))
    world.commit()
    with pytest.raises(GateError, match="got no role pipeline"):
        bring_up(world.options, quiet, statement=world.statement())
    assert not world.changed()


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"{}"])
def test_statement_that_cannot_be_read_is_refused(world, content):
    path = world.root / "build" / "none.json"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(GateError, match=r"none\.json"):
        bring_up(world.options, quiet, statement=path)
    assert not world.changed()


def test_certified_gate_is_what_up_believes(world):
    report, text = certify(world.options, SIGNERS.by_role[ROLE], quiet)
    path = world.root / "build" / "certified.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert report.verdict == "pass"
    assert bring_up(world.options, quiet, statement=path)[1]


def test_gate_that_does_not_pass_is_never_signed(world):
    world.stream = "denied"
    report, text = certify(world.options, SIGNERS.by_role[ROLE], quiet)
    assert (report.verdict, text) == ("denied", "")


@pytest.mark.parametrize(("move", "what"), MOVED)
def test_what_changes_while_the_gate_runs_is_not_signed(world, move, what):
    world.meanwhile = lambda: move(world)
    with pytest.raises(GateError, match=f"another {what}"):
        certify(world.options, SIGNERS.by_role[ROLE], quiet)


def test_nothing_is_judged_for_a_key_that_may_not_sign_or_files_of_no_commit(world):
    with pytest.raises(GateError, match="does not list as active"):
        certify(world.options, SIGNERS.by_role["builder"], quiet)
    world.write("new.py", "")
    with pytest.raises(GateError, match="uncommitted"):
        certify(world.options, SIGNERS.by_role[ROLE], quiet)
    assert world.gate_ran == 0
