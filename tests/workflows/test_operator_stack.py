"""The template for the Pulumi Kubernetes Operator.

Its fields, as the operator's definition has them:
https://github.com/pulumi/pulumi-kubernetes-operator, ``deploy/crds/pulumi.com_stacks.yaml``.
"""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
FIELDS = {
    "backend": str,
    "branch": str,
    "commit": str,
    "destroyOnFinalize": bool,
    "preview": bool,
    "projectRepo": str,
    "refresh": bool,
    "retryMaxBackoffDurationSeconds": int,
    "secretsProvider": str,
    "serviceAccountName": str,
    "stack": str,
}
STACK = yaml.safe_load((ROOT / "docs/templates/operator-stack.yaml").read_text())


def test_every_field_is_one_of_the_definition_and_of_its_type():
    assert (STACK["apiVersion"], STACK["kind"]) == ("pulumi.com/v1", "Stack")
    wrong = {
        name: value for name, value in STACK["spec"].items() if type(value) is not FIELDS.get(name)
    }
    assert wrong == {}


def test_it_pins_a_commit_follows_no_branch_and_never_deletes():
    spec = STACK["spec"]
    assert len(spec["commit"]) == 40
    assert "branch" not in spec
    assert (spec["destroyOnFinalize"], spec["refresh"]) == (False, False)


def test_it_names_this_project_and_a_stack_that_there_is():
    _, project, stack = STACK["spec"]["stack"].split("/")
    assert project == yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"]
    assert (ROOT / f"Pulumi.{stack}.yaml").is_file()
