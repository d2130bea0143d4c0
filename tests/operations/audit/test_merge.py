"""One report of rules and checks."""

import pytest
from botocore.exceptions import ClientError

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.reading import Finding
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.operations.audit.contract import Author, Check, Found
from mobile_ai.operations.audit.merge import look, merge
from mobile_ai.stack.reader import StackFile
from tests.gate.support import FIELD_URN, STACK_TEXT, TIMING, run_of
from tests.operations.audit.support import deployed

FINDING = Finding(what="x", got="1", expected="2", next_step="y")
STACK_FILE = StackFile.parse(STACK_TEXT, name="Pulumi.dev.yaml")


def check(*found: Found, raises: Exception | None = None) -> Check:
    def run(_: object) -> tuple[Found, ...]:
        if raises:
            raise raises
        return found

    return Check(id="own-check", title="Own.", severity="high", frameworks=("A 1",), look=run)


def merged(*found: Found, stream: str = "passed", raises: Exception | None = None):
    report = assemble_report(run_of(stream, exit_code=int(stream != "passed")), TIMING)
    return merge(report, look([check(*found, raises=raises)], deployed()), STACK_FILE)


def test_checks_that_find_nothing_leave_a_pass_a_pass():
    report = merged()
    assert (report.verdict, report.exit_code) == ("pass", 0)
    assert report.rules[-1].id == "own-check"
    assert report.rules[-1].outcomes.passed == 1


def test_what_denies_fails_the_audit_and_points_at_the_stack_file():
    report = merged(Found(finding=FINDING, urn=FIELD_URN))
    assert (report.verdict, report.exit_code) == ("denied", 1)
    first = report.violations[0]
    assert (first.rule, first.name, first.type) == (
        "own-check",
        "field-digits",
        "mobileai:index:MobileAIDeployment",
    )
    assert first.message == "x: got 1; expected 2. Next: y"
    assert first.line > 0


def test_advice_is_told_and_passes():
    report = merged(Found(finding=FINDING, denies=False))
    assert (report.verdict, report.exit_code) == ("pass", 0)
    told = [item for item in report.violations if item.rule == "own-check"]
    assert [(item.outcome, item.level) for item in told] == [("warned", "advisory")]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (GovernanceError("a", got="b", expected="c", next_step="d"), "a: got b; expected c"),
        (ValueError("a secret"), "ValueError"),
    ],
)
def test_a_check_that_raises_makes_the_audit_undecided(error, said):
    report = merged(raises=error)
    assert (report.verdict, report.exit_code) == ("undecided", 2)
    assert said in report.doubts[-1]
    assert "a secret" not in report.doubts[-1]


def test_who_changed_it_stands_with_the_finding():
    author = Author(who="ada", when="2026-11-24T01:00:00Z", source="Git abc")
    report = merged(Found(finding=FINDING, urn=FIELD_URN, author=lambda: author))
    assert report.violations[0].changed_by == author
    assert merged(Found(finding=FINDING)).violations[0].changed_by is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (GovernanceError("a", got="b", expected="c", next_step="d"), "a: got b"),
        (ValueError("a secret"), "ValueError"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "LookupEvents"), "AccessDenied"),
    ],
)
def test_a_record_that_cannot_be_read_never_hides_the_finding(error, said):
    def ask():
        raise error

    report = merged(Found(finding=FINDING, author=ask), Found(finding=FINDING, urn=FIELD_URN))
    assert (report.verdict, len(report.violations), report.doubts) == ("denied", 2, ())
    told = next(item.changed_by for item in report.violations if item.changed_by)
    assert (told.who, told.when) == ("", "")
    assert said in told.note
    assert "a secret" not in str(told)


def test_what_a_rule_denies_stays_denied_whatever_a_check_does():
    assert merged(stream="denied", raises=ValueError()).verdict == "denied"
    assert merged(stream="denied").exit_code == 1


def test_a_run_that_failed_stays_undecided():
    assert merged(stream="program_failed").exit_code == 2
