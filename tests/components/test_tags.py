"""One vocabulary of tags for AWS, Kubernetes and reports."""

from mobile_ai.components.aws.tags import TAG_NAMES, app_tags, aws_tags, kubernetes_labels
from mobile_ai.stack.settings_platform import Owner

OWNER = Owner(project="field-apps", team="mobile-ai", cost_center="cc-1")


def test_aws_tags_say_who_pays_and_who_made_it() -> None:
    assert aws_tags(OWNER, environment="dev") == {
        "mobile-ai:project": "field-apps",
        "mobile-ai:team": "mobile-ai",
        "mobile-ai:cost-center": "cc-1",
        "mobile-ai:environment": "dev",
        "mobile-ai:managed-by": "pulumi",
    }


def test_labels_say_the_same_as_tags() -> None:
    tags = aws_tags(OWNER, environment="dev", app="a")
    labels = kubernetes_labels(OWNER, environment="dev", app="a")

    assert {key.rpartition(":")[2]: value for key, value in tags.items()} == {
        key.rpartition("/")[2]: value for key, value in labels.items()
    }


def test_what_one_application_owns_names_it() -> None:
    everything = aws_tags(OWNER, environment="dev", app="field-assistant")

    assert app_tags("field-assistant").items() <= everything.items()
    assert len(everything) == len(TAG_NAMES) + 1
