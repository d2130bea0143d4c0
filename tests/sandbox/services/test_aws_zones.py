"""Ids of hosted zones as moto's backend makes them, with what the sandbox changes."""

import re
from collections.abc import Iterator

import pytest
from moto.route53.exceptions import NoSuchHostedZone
from moto.route53.models import HostedZoneIdentifier, Route53Backend

from mobile_ai.sandbox.services.aws_zones import let_zones_have_their_id

ZONE = "Z0123456789ABCDEFGHIJ"


@pytest.fixture(autouse=True)
def changed(monkeypatch) -> Iterator[None]:
    """Change moto for the test only."""
    for kind, name in (
        (Route53Backend, "create_hosted_zone"),
        (Route53Backend, "change_resource_record_sets"),
        (HostedZoneIdentifier, "generate"),
    ):
        monkeypatch.setattr(kind, name, getattr(kind, name))
    let_zones_have_their_id()


@pytest.fixture
def backend():
    return Route53Backend("aws", "123456789012")


def record(name, action="UPSERT"):
    content = {"Name": name, "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"v"'}]}
    return [{"Action": action, "ResourceRecordSet": content}]


def make(backend, reference):
    zone = backend.create_hosted_zone("a.example.", private_zone=False, caller_reference=reference)
    return zone.id.removeprefix("/hostedzone/")


def test_a_caller_reference_that_is_an_id_is_the_zones(backend):
    assert make(backend, ZONE) == ZONE


@pytest.mark.parametrize("reference", ["once", "Zlower", "Z1", None])
def test_another_reference_gives_an_id_as_aws_makes_them(backend, reference):
    assert re.fullmatch(r"Z[A-Z0-9]+", make(backend, reference))


def test_a_record_makes_the_zone_of_its_domain_once(backend):
    backend.change_resource_record_sets(ZONE, record("models.mobile-ai.example.com"))
    backend.change_resource_record_sets(f"/hostedzone/{ZONE}", record("b.example.com"))
    assert [zone.name for zone in backend.zones.values()] == ["example.com."]


@pytest.mark.parametrize(("zone", "action"), [(ZONE, "DELETE"), ("not-an-id", "UPSERT")])
def test_a_deletion_or_what_is_no_id_makes_none(backend, zone, action):
    with pytest.raises(NoSuchHostedZone):
        backend.change_resource_record_sets(zone, record("a.example.com", action))
    assert backend.zones == {}
