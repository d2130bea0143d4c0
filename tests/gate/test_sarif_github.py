"""SARIF has what GitHub's code scanning asks for, and its links lead to pages that exist."""

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from mobile_ai.gate.changes.source import documentation_uri
from mobile_ai.gate.project import Project
from mobile_ai.gate.render import render
from mobile_ai.gate.report.assemble import assemble_report
from mobile_ai.governance.rules import catalogue
from mobile_ai.operations.audit.checks import STATE_CHECKS
from mobile_ai.operations.audit.merge import Result, merge
from tests.gate.support import DOCUMENTATION, TIMING, expected, run_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GITHUB = json.loads((HERE / "sarif-github.schema.json").read_text())
CASES = ("passed", "denied", "program_failed", "audit")


def report(name, documentation=DOCUMENTATION):
    """A recorded run that had to show every rule of the pack, as a real one has."""
    recorded = run_of("denied" if name == "audit" else name, exit_code=int(name != "passed"))
    rules = {**recorded.expected.rules, **{rule.id: rule for rule in catalogue()}}
    run = replace(
        recorded,
        source=recorded.source.model_copy(update={"documentation": documentation}),
        expected=expected(rules=rules, levels=dict.fromkeys(rules, "mandatory")),
    )
    found = assemble_report(run, TIMING)
    if name == "audit":
        return merge(found, [Result(check=check) for check in STATE_CHECKS], run.stack_file)
    return found


def run_in_sarif(name, documentation=DOCUMENTATION):
    (run,) = json.loads(render(report(name, documentation), "sarif"))["runs"]
    return run


@pytest.mark.parametrize("name", CASES)
def test_code_scanning_finds_everything_it_requires(name):
    log = json.loads(render(report(name), "sarif"))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(GITHUB, format_checker=checker).validate(log)


@pytest.mark.parametrize("missing", ["fullDescription", "help", "helpUri", "defaultConfiguration"])
def test_a_rule_without_what_github_requires_is_noticed(missing):
    log = copy.deepcopy(json.loads(render(report("denied"), "sarif")))
    del log["runs"][0]["tool"]["driver"]["rules"][0][missing]
    with pytest.raises(jsonschema.ValidationError, match=missing):
        jsonschema.Draft202012Validator(GITHUB).validate(log)


def headings(page):
    """The anchors of a page of the documentation, as GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", CASES)
def test_every_link_leads_to_a_heading_that_exists(name):
    driver = run_in_sarif(name)["tool"]["driver"]
    links = {rule["id"]: rule["helpUri"] for rule in driver["rules"]}
    known = {page: headings(page) for page in ("policies.md", "audit.md")}
    # The recorded streams are of a pack with four rules of its own, which no page lists.
    of_the_test = {"no-bad", "later", "excused", "whole"}

    for rule, link in links.items():
        page, _, anchor = link.removeprefix(DOCUMENTATION).partition("#")
        assert anchor in known[page] or rule in of_the_test, link
    assert (ROOT / "docs" / driver["informationUri"].removeprefix(DOCUMENTATION)).is_file()
    assert len(links) > len(of_the_test)


def test_help_says_what_to_do_and_which_controls_a_rule_serves():
    rule = next(
        item
        for item in run_in_sarif("passed")["tool"]["driver"]["rules"]
        if item["id"] == "data-residency"
    )
    known = next(item for item in catalogue() if item.id == "data-residency")
    for form in ("text", "markdown"):
        assert known.remediation in rule["help"][form]
        assert known.frameworks[0] in rule["help"][form]
    assert f"[Reference]({DOCUMENTATION}policies.md#data-residency)" in rule["help"]["markdown"]
    assert known.frameworks[0] in rule["fullDescription"]["text"]


def test_without_documentation_there_is_no_link_and_still_help():
    driver = run_in_sarif("program_failed", documentation="")["tool"]["driver"]
    assert "informationUri" not in driver
    assert all("helpUri" not in rule and rule["help"]["text"] for rule in driver["rules"])
    assert all("](" not in rule["help"]["markdown"] for rule in driver["rules"])


def test_alerts_of_the_audit_do_not_replace_those_of_the_gate():
    # GitHub keeps the analyses of one `automationDetails.id` apart from those of another.
    gate, audit = run_in_sarif("denied"), run_in_sarif("audit")
    assert gate["automationDetails"]["id"] == "mobile-ai-gate/dev/"
    assert audit["automationDetails"]["id"] == "mobile-ai-audit/dev/"
    assert audit["tool"]["driver"]["name"] == "mobile-ai audit"


REMOTES = {
    "https://git.example/owner/name.git": "https://git.example/owner/name",
    "https://git.example/owner/name/": "https://git.example/owner/name",
    "https://x-access-token:secret@git.example/owner/name": "https://git.example/owner/name",
    "git@git.example:owner/name.git": "https://git.example/owner/name",
    "ssh://git@git.example:2222/owner/name.git": "https://git.example/owner/name",
}


@pytest.mark.parametrize(("remote", "page"), REMOTES.items())
def test_documentation_is_that_of_the_repository_without_credentials(tmp_path, remote, page):
    (tmp_path / "docs").mkdir()
    project = Project(root=tmp_path, stack="dev")
    assert documentation_uri(project, remote) == f"{page}/blob/HEAD/docs/"


@pytest.mark.parametrize("remote", ["", "/srv/git/name.git", "../name", "file:///srv/name.git"])
def test_documentation_of_a_checkout_without_a_host_is_its_own_files(tmp_path, remote):
    folder = tmp_path / "a b" / "docs"
    folder.mkdir(parents=True)
    found = documentation_uri(Project(root=folder.parent, stack="dev"), remote)
    assert Path(unquote(urlsplit(found).path)) == folder
    assert found.startswith("file:///")
    assert found.endswith("a%20b/docs/")


def test_checkout_without_documentation_has_no_address(tmp_path):
    project = Project(root=tmp_path, stack="dev")
    assert documentation_uri(project, "https://git.example/owner/name") == ""
