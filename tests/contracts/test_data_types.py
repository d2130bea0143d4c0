"""The shipped vocabulary covers every modality, and keeps what it said before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.data_types import shipped_vocabulary
from mobile_ai.contracts.vocabulary import MODALITIES, PRIVACY_TIERS, TARGETS, tier_rank

SHIPPED = shipped_vocabulary()
names = st.lists(st.sampled_from(SHIPPED.names), min_size=1)


@pytest.mark.parametrize(
    ("name", "modality", "tier"),
    [
        ("camera-image", "vision", "GDPR_Personal"),
        ("document-image", "vision", "Internal"),
        ("face-image", "vision", "GDPR_Sensitive"),
        ("voice-audio", "audio", "GDPR_Sensitive"),
        ("ambient-audio", "audio", "GDPR_Personal"),
        ("message-text", "text", "GDPR_Personal"),
        ("motion-sensor", "motion", "GDPR_Personal"),
        ("customer-profile", "tabular", "GDPR_Personal"),
        ("biometric", "vision", "GDPR_Sensitive"),
        ("health", "tabular", "GDPR_Sensitive"),
        ("location", "tabular", "GDPR_Personal"),
        ("payment", "tabular", "GDPR_Personal"),
        ("purchase-history", "tabular", "GDPR_Personal"),
        ("barcode", "vision", "Internal"),
    ],
)
def test_shipped_type_has_its_modality_and_tier(name: str, modality: str, tier: str) -> None:
    assert modality in SHIPPED.modalities_of([name])
    assert SHIPPED.minimum_tier([name]) == tier


def test_every_modality_has_a_type() -> None:
    assert SHIPPED.modalities_of(SHIPPED.names) == set(MODALITIES)


def test_what_identifies_a_body_is_kept_out_of_the_cloud() -> None:
    sensitive = {
        name for name in SHIPPED.names if SHIPPED.minimum_tier([name]) == PRIVACY_TIERS[-1]
    }

    assert set(SHIPPED.kept_from("cloud", SHIPPED.names)) == sensitive
    assert not SHIPPED.kept_from("on-device", SHIPPED.names)


@given(names, names)
def test_the_tier_of_a_union_is_the_stricter_one(some: list[str], more: list[str]) -> None:
    tiers = [SHIPPED.minimum_tier(item) for item in (some, more)]

    assert SHIPPED.minimum_tier([*some, *more]) == max(tiers, key=tier_rank)


@given(
    st.sampled_from(SHIPPED.names),
    st.sampled_from(PRIVACY_TIERS),
    st.lists(st.sampled_from(TARGETS), min_size=1, unique=True),
)
def test_a_change_is_listed_exactly_if_it_allows_more(
    name: str, tier: str, places: list[str]
) -> None:
    changed, loosened = SHIPPED.extended({name: {"minimumTier": tier, "places": places}}, name="v")

    lower = tier_rank(tier) < tier_rank(SHIPPED.minimum_tier([name]))
    wider = bool(set(places) - set(SHIPPED.types[name].places))
    assert len(loosened) == lower + wider
    assert changed.types[name].modalities == SHIPPED.types[name].modalities
