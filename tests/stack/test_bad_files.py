"""Every command that reads a stack file gives the same error for the same bad file."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mobile_ai.cli.main import main
from mobile_ai.stack.errors import SettingsError, StackFileError
from mobile_ai.stack.load import load_stack
from mobile_ai.stack.reader import StackFile, read_stack_file
from tests.operations.remediate.world import finding
from tests.stack.sample import ROOT, stack_text

FILE = "Pulumi.dev.yaml"
Write = Callable[[Path], None]
RELEASED = ("--app", "field-assistant", "--model", "digits")
PLAN = "build/gate/dev.events.jsonl"

# Commands that read the file in types, all before they ask anything of anybody else.
TYPED = {
    "bootstrap": ("bootstrap", "--stack", "dev", "--repository", "a/b", "--policies"),
    "check": ("check", FILE),
    "device check": ("device", "check", "--stack", "dev", *RELEASED, "--variant", "int8"),
    "device verify-bundle": (
        *("device", "verify-bundle", "--stack", "dev", *RELEASED),
        *("--app-version", "4.2.0", "--root", "1.root.json"),
    ),
    "images check": ("images", "check", "--stack", "dev"),
    "images pin": ("images", "pin", "--stack", "dev"),
    "model register": ("model", "register", "manifest.yaml", "--stack-file", FILE),
    "model samples": ("model", "samples", "--pin", FILE),
    "monitor ingest": ("monitor", "ingest", "events.jsonl", "--stack", "dev"),
    "monitor measured": ("monitor", "measured", "--stack", "dev", "--month", "2026-10"),
    "monitor thresholds": ("monitor", "thresholds", "--stack", "dev"),
    "recommend": ("recommend", "--stack", "dev", "--write"),
    "release halt": ("release", "halt", "field-assistant-digits", "--stack", "dev"),
    "release init": ("release", "init", "--stack", "dev", "--signers", "none/signers.yaml"),
    "release plan": ("release", "plan", "--stack", "dev"),
    "release promote": ("release", "promote", "field-assistant-digits", "--stack", "dev"),
    "release rollback": ("release", "rollback", "field-assistant-digits", "--stack", "dev"),
    "remediate": ("remediate", "finding.json", "--stack", "dev"),
    "showback": (
        *("cost", "showback", "--stack", "dev", "--month", "2026-10"),
        *("--bill", "bill.csv", "--measured", "measured.json"),
    ),
    "audit --live": ("audit", "--stack", "dev", "--cloud", "aws", "--live"),
}
# Commands that run the program, which says itself what is wrong with its values.
PROGRAM = {
    "gate": ("gate", "--stack", "dev"),
    "audit": ("audit", "--stack", "dev", "--file", "state.json"),
}


def written(value: str | bytes) -> Write:
    data = value.encode() if isinstance(value, str) else value

    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def linked(path: Path) -> None:
    path.with_name("elsewhere.yaml").write_text(stack_text())
    path.symlink_to("elsewhere.yaml")


def line(number: int) -> str:
    return re.escape(f"{FILE}:{number}:")


GOOD = (ROOT / FILE).read_text()
# name: how the file is written, and how its error begins
UNREADABLE: dict[str, tuple[Write, str]] = {
    "missing": (lambda _: None, rf"{FILE}: got no such file; expected the file of one of these"),
    "empty": (written(""), rf"{FILE}: got nothing; expected a mapping `config`|{FILE}: got 0 YAML"),
    "empty config": (written("config:\n"), rf"{FILE}: got nothing; expected a mapping `config`"),
    "list at top": (written("- config\n"), rf"{FILE}: got a list; expected a mapping `config`"),
    "list as config": (written("config: [1]\n"), rf"{FILE}: got a list; expected a mapping"),
    "two documents": (written(f"{GOOD}---\n{GOOD}"), rf"{FILE}: got 2 YAML documents"),
    "repeated key": (
        written(f"{GOOD}config: {{}}\n"),
        rf"{FILE}:\d+:1: got key 'config' is repeated",
    ),
    "tab": (written("config:\n\tmobile-ai:region: x\n"), line(2) + r"1: got found character"),
    "not YAML": (written("config: [\n"), line(2)),
    "not UTF-8": (
        written(b"config: \xff\n"),
        rf"{FILE}: got {FILE}, which is not UTF-8 in line 1, byte 9: 0xff; .* save the file as",
    ),
    "anchor": (
        written("config:\n  mobile-ai:a: &a [x]\n  mobile-ai:b: [*a]\n"),
        rf"{FILE}:3:17: got alias 'a' is not read; expected",
    ),
    "tag": (
        written("config: !!python/name:os.system x\n"),
        rf"{FILE}:1:9: got tag 'tag:yaml.org,2002",
    ),
    "ambiguous": (
        written("config:\n  mobile-ai:protect: yes\n"),
        rf"{FILE}:2:22: got 'yes', which",
    ),
    "date": (
        written(GOOD.replace("salt: ", "salt: 2026-11-30 # ", 1)),
        rf"{FILE}:\d+:\d+: got '2026-11-30', which means different things",
    ),
    "endless number": (
        written(f"config:\n  mobile-ai:a: {'1' * 5_000}\n"),
        rf"{FILE}:2:16: got an integer of 5000 digits, of which at most 400 are read; expected",
    ),
    "link": (linked, rf"{FILE}: got {FILE}, where {FILE} is a symbolic link"),
    "folder": (lambda path: path.mkdir(), rf"{FILE}: got {FILE}, which is not a plain file"),
    "too large": (
        written("#" * 1_000_001),
        rf"{FILE}: got {FILE} with 1000001 bytes; expected at most",
    ),
    "foreign namespace": (
        written(GOOD.replace("config:\n", "config:\n  aws:region: x\n", 1)),
        line(3) + r"3 aws:region: got a key of the configuration; expected one of the namespace",
    ),
    "unknown key beside config": (
        written(f"environment: [shared]\n{GOOD}"),
        line(1) + r"1 environment: got an unknown key beside `config`; expected one of config",
    ),
    "misspelt key beside config": (
        written(f"secretprovider: x\n{GOOD}"),
        line(1) + r".*Next: did you mean 'secretsprovider'\?",
    ),
}
UNTYPED: dict[str, tuple[Write, str]] = {
    "unknown key": (
        written(GOOD.replace("    team:", "    teem: x\n    team:", 1)),
        line(8) + r"5 mobile-ai:owner\.teem: got an unknown key.*Next: did you mean 'team'\?",
    ),
    "unknown section": (
        written(GOOD.replace("  mobile-ai:region:", "  mobile-ai:regoin: x\n  mobile-ai:region:")),
        line(4) + r"3 mobile-ai:regoin: got an unknown key.*did you mean 'region'\?",
    ),
    "missing key": (
        written(GOOD.replace("    team: mobile-ai\n", "", 1)),
        line(6) + r"3 mobile-ai:owner\.team: got nothing; expected a text \(Team that answers",
    ),
    "missing section": (
        written(GOOD.replace("  mobile-ai:region: eu-central-1\n", "", 1)),
        line(2) + r"1 mobile-ai:region: got nothing; expected .* \(Home region",
    ),
    "wrong type": (
        written(GOOD.replace("protect: false", "protect: perhaps", 1)),
        line(5) + r"3 mobile-ai:protect: got 'perhaps'; expected true or false",
    ),
    "wrong kind": (
        written(GOOD.replace("  mobile-ai:protect: false\n", "  mobile-ai:protect: [x]\n", 1)),
        line(5) + r"3 mobile-ai:protect: got \['x'\]; expected true or false",
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with everything that the commands read, but for the stack file."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "policy-pack", root / "policy-pack")
    (root / "models").symlink_to(ROOT / "models")
    shutil.copy(ROOT / "Pulumi.yaml", root)
    (root / "operations").mkdir()
    shutil.copy(ROOT / "operations/playbooks.yaml", root / "operations")
    (root / "build/telemetry/days").mkdir(parents=True)
    (root / "build/gate").mkdir()
    (root / PLAN).write_text("")
    (root / "finding.json").write_text(finding().text())
    (root / "state.json").write_text(json.dumps({"version": 3, "deployment": {}}))
    return root


@pytest.fixture
def bad(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the stack file, before one is written."""
    monkeypatch.chdir(world)
    path = world / FILE
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    path.unlink(missing_ok=True)
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Return a command's exit code and the last line of its error stream, without a mark."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    shown = capsys.readouterr()
    assert "defect of mobile-ai" not in shown.err
    lines = shown.err.strip().splitlines() or [""]
    return int(ended.value.code or 0), lines[-1].removeprefix("error: ")


def expected(path: Path) -> str:
    with pytest.raises(StackFileError) as caught:
        _ = read_stack_file(path).settings
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize("case", [*UNREADABLE, *UNTYPED])
def test_the_error_is_one_line_of_four_parts(case: str, bad: Path) -> None:
    write, begins = {**UNREADABLE, **UNTYPED}[case]
    write(bad)
    line = expected(bad)
    assert re.match(begins, line), line
    assert re.fullmatch(r".+: got .+; expected .+\. Next: .+", line), line


@pytest.mark.parametrize(
    ("case", "command"),
    [
        (case, command)
        for case in UNREADABLE
        for command in (*TYPED, *PROGRAM)
        if (case, command) != ("missing", "check")  # without a file there is no stack to check
    ],
)
def test_no_command_reads_an_unreadable_file(
    case: str, command: str, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    UNREADABLE[case][0](bad)
    assert said(capsys, *{**TYPED, **PROGRAM}[command]) == (2, expected(bad))


@pytest.mark.parametrize("command", TYPED)
@pytest.mark.parametrize("case", UNTYPED)
def test_no_command_takes_a_wrong_value(
    case: str, command: str, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    UNTYPED[case][0](bad)
    assert said(capsys, *TYPED[command]) == (2, expected(bad))


@pytest.mark.parametrize("case", UNTYPED)
def test_the_program_says_the_same_without_the_place(case: str, bad: Path) -> None:
    UNTYPED[case][0](bad)
    file = read_stack_file(bad)
    with pytest.raises(SettingsError) as caught:
        load_stack(file.values, root=ROOT, stack="dev")
    (problem,) = caught.value.problems
    assert f"{file.place_of(problem.key)} {problem}" == expected(bad)


def test_every_problem_has_a_line_of_its_own(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = GOOD.replace("protect: false", "protect: perhaps").replace("team:", "teem:", 1)
    bad.write_text(broken)
    with pytest.raises(SystemExit):
        main(list(TYPED["bootstrap"]))
    shown = capsys.readouterr().err
    assert len(re.findall(rf"^(?:error: )?{FILE}:\d+:\d+ mobile-ai:", shown, re.MULTILINE)) == 3


def test_the_good_file_is_read() -> None:
    assert StackFile.parse(GOOD, name=FILE).settings.environment == "dev"
