"""Names on the wire."""

from mobile_ai.components.aws.names import to_wire


def test_argument_names_become_camel_case_at_every_depth() -> None:
    assert to_wire({"monthly_usd": 1, "scopes": [{"app_name": "a"}]}) == {
        "monthlyUsd": 1,
        "scopes": [{"appName": "a"}],
    }


def test_tag_names_stay_as_they_are() -> None:
    tags = {"mobile-ai:cost-center": "cc-1", "mobile-ai.dev/managed_by": "pulumi"}

    assert to_wire({"filter_tags": tags}) == {"filterTags": tags}
