"""Signatures of digests by moto's KMS, with what the sandbox changes."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey

from mobile_ai.sandbox.services.aws_keys import take_digests_as_such

ALGORITHM = "ECDSA_SHA_256"


@pytest.fixture
def key(monkeypatch):
    """A key that signs, in a KMS changed for the test only."""
    for name in ("sign", "verify"):
        monkeypatch.setattr(KmsResponse, name, getattr(KmsResponse, name))
        monkeypatch.setattr(ECDSAPrivateKey, name, getattr(ECDSAPrivateKey, name))
    take_digests_as_such()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("kms", region_name="eu-central-1")
        made = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
        yield client, {"KeyId": made["KeyId"], "SigningAlgorithm": ALGORITHM}


@pytest.mark.parametrize(("kind", "other"), [("DIGEST", "RAW"), ("RAW", "DIGEST")])
def test_a_message_is_hashed_and_a_digest_is_not(key, kind, other):
    client, named = key
    signature = client.sign(Message=b"x" * 32, MessageType=kind, **named)["Signature"]
    right = {"Message": b"x" * 32, "Signature": signature, **named}
    assert client.verify(MessageType=kind, **right)["SignatureValid"]
    assert not client.verify(MessageType=other, **right)["SignatureValid"]


def test_a_digest_of_another_length_is_refused(key):
    client, named = key
    with pytest.raises(ClientError, match="invalid length"):
        client.sign(Message=b"x" * 31, MessageType="DIGEST", **named)
