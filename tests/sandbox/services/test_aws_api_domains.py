"""Domain names of the sandbox's API: each says what its records have to lead to."""

import boto3
import pytest
from moto import mock_aws
from moto.apigatewayv2.models import DomainName

from mobile_ai.sandbox.services.aws_api_domains import give_api_domains_a_target


@pytest.fixture(autouse=True)
def changed(monkeypatch) -> None:
    """Change moto for the test only."""
    monkeypatch.setattr(DomainName, "__init__", DomainName.__init__)
    give_api_domains_a_target()


@mock_aws
def test_a_domain_name_answers_at_a_regional_host_of_its_own(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    api = boto3.client("apigatewayv2", region_name="eu-west-1")
    for name in ("a.example.com", "b.example.com"):
        api.create_domain_name(DomainName=name, DomainNameConfigurations=[{}])

    found = [
        api.get_domain_name(DomainName=name)["DomainNameConfigurations"][0]
        for name in ("a.example.com", "b.example.com")
    ]
    targets = [item["ApiGatewayDomainName"] for item in found]
    assert all(target.endswith(".execute-api.eu-west-1.amazonaws.com") for target in targets)
    assert len(set(targets)) == 2
    assert all(item["HostedZoneId"] for item in found)
