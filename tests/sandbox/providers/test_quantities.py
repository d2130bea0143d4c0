"""Quantities are written as the Kubernetes API writes them."""

import pytest

from mobile_ai.sandbox.providers.kubernetes.quantities import canonical, with_canonical_quantities
from mobile_ai.sandbox.providers.values import UNKNOWN


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("1000m", "1"),
        ("250m", "250m"),
        ("0.5", "500m"),
        ("1000", "1k"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("0", "0"),
        ("0Mi", "0"),
        ("not one", "not one"),
    ],
)
def test_a_quantity_has_one_form(given: str, written: str) -> None:
    assert canonical(given) == written


def test_only_fields_of_quantities_are_rewritten() -> None:
    given = {"limits": {"cpu": "1000m"}, "env": [{"value": "1000m"}], "sizeLimit": "2048Mi"}
    expected = {"limits": {"cpu": "1"}, "env": [{"value": "1000m"}], "sizeLimit": "2Gi"}

    assert with_canonical_quantities(given) == expected


def test_an_object_with_an_unknown_part_stays_as_it_is() -> None:
    given = {"limits": {"cpu": "1000m"}, "image": UNKNOWN}

    assert with_canonical_quantities(given) == given
