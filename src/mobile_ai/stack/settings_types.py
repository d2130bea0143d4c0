"""The words that stack files are written in: scalar types and the base of every section."""

import ipaddress
import json
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from mobile_ai.contracts.models import MAIL_PATTERN, StrictModel
from mobile_ai.contracts.regions import REGION_PATTERN
from mobile_ai.contracts.vocabulary import (
    DATA_TYPE_PATTERN,
    ENVIRONMENT_PATTERN,
)

# AWS allows a VPC of /16 at most; below /24 three zones of subnets do not fit.
_WIDEST_PREFIX: Final = 16
_NARROWEST_PREFIX: Final = 24


class Section(StrictModel):
    """A part of the stack file: camelCase keys, nothing unknown, nothing converted."""

    def to_plan(self) -> dict[str, Any]:
        """Return the section as JSON values with camelCase keys, without absent fields."""
        value: dict[str, Any] = json.loads(self.model_dump_json(by_alias=True, exclude_none=True))
        return value

    def to_source(self) -> dict[str, Any]:
        """Return the section as JSON values with the keys of the stack file and no others."""
        value: dict[str, Any] = json.loads(self.model_dump_json(by_alias=True, exclude_unset=True))
        return value


def _readable_cidr(cidr: str) -> str:
    network = ipaddress.IPv4Network(cidr)  # a ValueError of its own where it is none
    if not _WIDEST_PREFIX <= network.prefixlen <= _NARROWEST_PREFIX:
        raise ValueError("not a network between /16 and /24")
    return cidr


_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME_PATTERN: Final = r"^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$"
"""Part of names of resources, as text."""
_TAG_VALUE: Final = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
_VERSION: Final = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$"
_SHA256: Final = r"^[0-9a-f]{64}$"
_ACCOUNT: Final = r"^\d{12}$"
_ARN: Final = r"^arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:\S+$"
DOMAIN_PATTERN: Final = rf"^({_LABEL}\.)+{_LABEL}$"
"""DNS host name, as text."""
_URL: Final = r"^https://[^\s/]+(/\S*)?$"
_CIDR: Final = r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$"
_IMAGE: Final = r"^[a-z0-9][a-z0-9.:/_-]*@sha256:[0-9a-f]{64}$"
_MANIFEST: Final = (
    r"^models/[A-Za-z0-9_-][A-Za-z0-9._-]*/[A-Za-z0-9_-][A-Za-z0-9._-]*/manifest\.yaml$"
)

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""Part of names of resources: two and a region fit an IAM role name (64)."""
TagValue = Annotated[str, Field(pattern=_TAG_VALUE)]
"""Text valid both as an AWS tag and as a Kubernetes label."""
Version = Annotated[str, Field(pattern=_VERSION, max_length=64)]
"""Semantic version."""
Sha256 = Annotated[str, Field(pattern=_SHA256)]
"""SHA-256, 64 hexadecimal digits."""
# Which regions there are, and where, is for the pack to say: its config adds to the shipped table.
Region = Annotated[str, Field(pattern=REGION_PATTERN)]
"""Name of an AWS region."""
EnvironmentName = Annotated[str, Field(pattern=ENVIRONMENT_PATTERN)]
"""Name of an environment, as the pack lists it for the stack."""
AccountId = Annotated[str, Field(pattern=_ACCOUNT)]
"""AWS account id, 12 digits."""
Arn = Annotated[str, Field(pattern=_ARN, max_length=2048)]
"""ARN of an AWS resource."""
DomainName = Annotated[str, Field(pattern=DOMAIN_PATTERN, max_length=253)]
"""DNS host name."""
HttpsUrl = Annotated[str, Field(pattern=_URL, max_length=512)]
"""URL with the scheme ``https``."""
Cidr = Annotated[str, Field(pattern=_CIDR), AfterValidator(_readable_cidr)]
"""IPv4 network in CIDR notation."""
ImageReference = Annotated[str, Field(pattern=_IMAGE, max_length=512)]
"""Container image by digest: a tag can be moved to other bytes."""
ManifestPath = Annotated[str, Field(pattern=_MANIFEST, max_length=256)]
"""Path of a manifest in the repository."""

_WORDS: Final = {
    REGION_PATTERN: "the name of an AWS region, such as eu-central-1",
    ENVIRONMENT_PATTERN: "lower-case letters, digits and '-', at most 31, starting with a letter",
    DATA_TYPE_PATTERN: "lower-case words joined by '-', such as camera-image",
    NAME_PATTERN: "lower-case letters, digits and '-', at most 24, starting with a letter",
    _TAG_VALUE: "letters, digits, '.', '_' and '-', at most 63",
    _VERSION: "a semantic version such as 1.2.3",
    _SHA256: "64 lower-case hexadecimal digits (sha256sum FILE)",
    _ACCOUNT: "12 digits in quotes",
    _ARN: "an Amazon resource name (arn:aws:...)",
    MAIL_PATTERN: "a mail address",
    DOMAIN_PATTERN: "a domain name in lower case",
    _URL: "an https:// address",
    _CIDR: "an IPv4 network such as 10.20.0.0/16",
    _IMAGE: "repository@sha256:<64 hexadecimal digits>",
    _MANIFEST: "models/<model>/<version>/manifest.yaml, a path below models/",
}


def describe_pattern(pattern: str) -> str:
    """Return in words what a pattern of this module accepts; another pattern as it is."""
    return _WORDS.get(pattern, f"text that matches {pattern}")
