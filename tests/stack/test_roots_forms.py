"""Values in roots have the form of what they bound; placeholders of messages are refused."""

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.roots import read_roots
from mobile_ai.stack.roots_changes import propose
from mobile_ai.stack.roots_forms import check_forms, faults_of
from mobile_ai.testing.plan import BOUNDS

ENTRY = {
    "environment": "staging",
    "class": "development",
    "trust": "trust/staging.yaml",
    "config": "config/staging.json",
    "bounds": BOUNDS.model_dump(by_alias=True, exclude_defaults=True),
}
TEXT = dump_yaml({"stacks": {"staging": ENTRY}})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("bounds.issuers[ISSUER][+]", "devices"),
        ("bounds.issuers[https://ISSUER/][+]", "devices"),
        ("bounds.issuers[http://login.example.org/][+]", "devices"),
        ("bounds.issuers[https://login.example.org/][+]", "VALUE"),
        ("bounds.issuers[https://login.example.org/][+]", "<audience>"),
        ("bounds.domains[+]", "DOMAIN"),
        ("bounds.domains[+]", "https://example.org"),
        ("bounds.domains[+]", "example"),
        ("bounds.domains[+]", "..."),
        ("bounds.notify[+]", "VALUE"),
        ("bounds.notify[+]", "'@example.org'"),
        ("bounds.images[REPOSITORY]", "{}"),
        ("bounds.images[registry.example.org/edge@sha256]", "{}"),
        ("bounds.budgets[NAME]", "{maximumUsd: 20, kind: soft}"),
        ("bounds.roles[+]", "ROLE"),
        ("bounds.roles[+]", "arn:aws:iam::111122223333:user/ana"),
        ("bounds.contexts[+]", "CONTEXT"),
        ("bounds.contexts[+]", "TODO"),
        ("bounds.contexts[+]", "''"),
        ("bounds.buckets[+]", "BUCKET"),
        ("bounds.account", "ACCOUNT"),
        ("bounds.account", "'12345'"),
        ("bounds.secrets[KEY]", "awskms://alias/state"),
        ("releaseRoot", "VALUE"),
        ("bounds.rollout.FIELD", "1"),
    ],
)
def test_a_placeholder_and_a_malformed_value_are_refused(path, value):
    with pytest.raises(GovernanceError):
        check_forms(
            propose(
                TEXT, stack="staging", path=path, value=value, trusts_of=lambda *_: ()
            ).roots.stacks
        )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("bounds.issuers[https://login.example.org:8443/realms/a?b=c][+]", "api://Devices"),
        ("bounds.domains[+]", "xn--bcher-kva.example"),
        ("bounds.notify[+]", "on.call+ai@example.org"),
        ("bounds.images[localhost:5000/edge]", "{}"),
        ("bounds.contexts[+]", "arn:aws:eks:eu-central-1:111122223333:cluster/Lab"),
        ("bounds.roles[+]", "arn:aws-cn:iam::111122223333:role/path/Deploy"),
        ("bounds.secrets.secretsprovider", "awskms://alias/state?region=eu-central-1"),
    ],
)
def test_usual_values_are_taken(path, value):
    done = propose(TEXT, stack="staging", path=path, value=value, trusts_of=lambda *_: ())

    check_forms(done.roots.stacks)


def test_the_roots_of_this_repository_have_no_fault(pytestconfig):
    text = (pytestconfig.rootpath / "policy-pack/stacks.yaml").read_text("utf-8")

    assert list(faults_of(read_roots(text).stacks)) == []
