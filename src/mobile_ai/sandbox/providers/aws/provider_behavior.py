"""Behaviour of the AWS provider: region, default tags, names, replacements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.schemas.checker import Checker
from mobile_ai.sandbox.providers.aws.tags import merge_tags
from mobile_ai.sandbox.providers.config import check_config_types
from mobile_ai.sandbox.providers.errors import Failure, ProviderError, suggestion
from mobile_ai.sandbox.providers.naming import NamingRequest, unique_name
from mobile_ai.sandbox.providers.permission import endpoint_failure
from mobile_ai.sandbox.providers.provider_behavior import Dialect, Invented
from mobile_ai.sandbox.providers.spec import Spec, TypeFacts
from mobile_ai.sandbox.providers.values import UNKNOWN, Properties, Value, plain

TABLE: Final = "src/mobile_ai/sandbox/providers/aws/types.yaml"
# Moto's default account number; it belongs to no customer.
_ACCOUNT: Final = "123456789012"
_DEFAULTED: Final = "__defaults"
_GET_PARTITION: Final = "aws:index/getPartition:getPartition"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """Configuration of the provider."""

    region: Value = None
    default_tags: Value = field(default_factory=dict)
    account: str = _ACCOUNT


class AwsDialect(Dialect):
    """Behaviour of the AWS provider."""

    name = "aws"

    def __init__(self, spec: Spec, environment: Mapping[str, str]) -> None:
        """Store type facts, and the process environment for region and endpoints."""
        super().__init__(spec)
        self._environment = environment
        self._settings = _Settings()
        self._checker = Checker(environment)

    def find(self, token: str) -> TypeFacts:
        """See ``Dialect.find``."""
        facts = self.spec.find(token)
        if facts is None:
            near = suggestion(token, self.spec.document["types"]) or ";"
            raise ProviderError(
                f"the stand-in AWS provider does not know the type `{token}`{near} add one entry "
                f"to {TABLE} to teach it",
                code="UNIMPLEMENTED",
            )
        return facts

    def check_config(self, config: Properties) -> list[Failure]:
        """Check types, a known region, and that endpoints are on this machine."""
        return [
            *check_config_types(config, self.spec),
            *self._check_region("region", config.get("region") or self._ambient_region()),
            *self._check_endpoints(config),
        ]

    def configure(self, config: Properties) -> None:
        """See ``Dialect.configure``."""
        failures = self.check_config(config)
        if failures:
            raise ProviderError("; ".join(failure.reason for failure in failures))
        tags = plain(config.get("defaultTags"))
        accounts = plain(config.get("allowedAccountIds"))
        first = accounts[0] if isinstance(accounts, list) and accounts else _ACCOUNT
        self._settings = _Settings(
            region=config.get("region") or self._ambient_region(),
            default_tags=tags.get("tags", {}) if isinstance(tags, dict) else tags or {},
            account=first if isinstance(first, str) else _ACCOUNT,
        )

    def check_more(self, facts: TypeFacts, inputs: Properties) -> list[Failure]:
        """Check that a resource's own region exists."""
        if "region" not in facts.inputs or inputs.get("region") is None:
            return []
        return self._check_region("region", inputs["region"])

    def complete(
        self, facts: TypeFacts, inputs: Properties, *, old: Properties, naming: NamingRequest
    ) -> Properties:
        """Add defaults, a name, the region and the merged tags."""
        result = dict(inputs)
        marks = plain(inputs.get(_DEFAULTED))
        defaulted = [str(mark) for mark in marks] if isinstance(marks, list) else []
        for prop, value in facts.defaults.items():
            if result.get(prop) is None:
                result[prop] = _as_value(value)
                defaulted.append(prop)
        if name := self._name(facts, result, old, naming):
            result |= name
            defaulted += name
        if "region" in facts.inputs and result.get("region") is None:
            result["region"] = self._settings.region
        if _has_tags(facts):
            result["tagsAll"] = merge_tags(self._settings.default_tags, result.get("tags"))
        return {**result, _DEFAULTED: [*dict.fromkeys(defaulted)]}

    def refusals(
        self, urn: str, facts: TypeFacts, inputs: Properties, given: Properties
    ) -> list[Failure]:
        """Check values by CloudFormation's resource schemas and botocore's API models."""
        defaulted = {str(mark) for mark in _marks(inputs)}
        sent = {
            name: value
            for name, value in inputs.items()
            # The official provider omits defaults that are off or zero.
            if not name.startswith("__") and (name not in defaulted or value)
        }
        sent.setdefault("region", self._settings.region)
        if facts.naming and facts.naming.prop in defaulted:
            # Generated here by the service's rule, and different at every preview.
            sent[facts.naming.prop] = UNKNOWN
        return [*self._checker.check(urn, facts, sent, given).failures]

    def computed(self, facts: TypeFacts) -> tuple[str, ...]:
        """Return outputs that are always present or not inputs, and the table's nested ones."""
        names = (
            name
            for name, (_, always) in facts.outputs.items()
            if always or name not in facts.inputs
        )
        return (*names, *facts.computed)

    def replacements(self, facts: TypeFacts, inputs: Properties) -> tuple[str, ...]:  # noqa: ARG002
        """Return the table's list and, for every regional type, the region."""
        return (*facts.replace, "region") if "region" in facts.inputs else facts.replace

    def volatile(self, facts: TypeFacts) -> tuple[str, ...]:
        """See ``Dialect.volatile``."""
        return facts.volatile

    def name_is_taken(self, facts: TypeFacts, old: Properties, new: Properties) -> bool:
        """Return whether an unchanged, program-chosen name prevents two objects at once."""
        prop = facts.naming.prop if facts.naming else ""
        return prop in new and prop not in _marks(new) and plain(old.get(prop)) == plain(new[prop])

    def invented(self, facts: TypeFacts, inputs: Properties) -> Invented:  # noqa: ARG002
        """See ``Dialect.invented``."""
        region = plain(self._settings.region)
        naming = f"{{{facts.naming.prop}}}" if facts.naming else "stand-in-{hex17}"
        known = {
            "account": self._settings.account,
            "region": region if isinstance(region, str) else "us-east-1",
            "partition": _partition(region),
        }
        return Invented(patterns={**facts.patterns, "id": facts.id or naming}, known=known)

    def invoke(self, token: str) -> Properties:
        """Answer functions that depend on the configured region alone."""
        if token != _GET_PARTITION:
            raise ProviderError(
                f"the stand-in AWS provider cannot answer `{token}`: it has no cloud to ask; pass "
                "the value in as configuration instead",
                code="UNIMPLEMENTED",
            )
        partition = _partition(plain(self._settings.region))
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return {
            "id": partition,
            "partition": partition,
            "dnsSuffix": suffix,
            "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
        }

    def _name(
        self, facts: TypeFacts, inputs: Properties, old: Properties, naming: NamingRequest
    ) -> Properties:
        rule = facts.naming
        if rule is None or inputs.get(rule.prop) is not None or inputs.get(f"{rule.prop}Prefix"):
            return {}
        if rule.prop in _marks(old) and old.get(rule.prop) is not None:
            return {rule.prop: old[rule.prop]}
        return {rule.prop: unique_name(naming, rule, inputs)}

    def _ambient_region(self) -> str | None:
        return self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION")

    def _check_region(self, path: str, value: Value) -> list[Failure]:
        region = plain(value)
        regions = self.spec.extra["regions"]
        if region is None:
            advice = "set it with `pulumi config set aws:region REGION` or on the provider"
            return [
                Failure(path, f"`{path}` is missing: got nothing, expected an AWS region; {advice}")
            ]
        if not isinstance(region, str) or region in regions:
            return []
        return [
            Failure(
                path,
                f"`{path}` is no AWS region: got `{region}`, expected one such as "
                f"`eu-central-1`{suggestion(region, regions)}",
            )
        ]

    def _check_endpoints(self, config: Properties) -> list[Failure]:
        found = [
            endpoint_failure(f"endpoints[{index}].{service}", url)
            for index, entry in enumerate(_list(config.get("endpoints")))
            for service, url in (entry.items() if isinstance(entry, dict) else ())
            if isinstance(url, str)
        ]
        found += [
            endpoint_failure(name, url)
            for name, url in self._environment.items()
            if name.startswith("AWS_ENDPOINT_URL")
        ]
        return [failure for failure in found if failure]


def _list(value: Value) -> list[Value]:
    value = plain(value)
    return value if isinstance(value, list) else []


def _marks(inputs: Properties) -> list[Value]:
    return _list(inputs.get(_DEFAULTED))


def _has_tags(facts: TypeFacts) -> bool:
    return "tags" in facts.inputs and "tagsAll" in facts.outputs


def _as_value(value: Any) -> Value:
    """Return a table value as the engine would send it: numbers are doubles."""
    result: Value = float(value) if type(value) is int else value
    return result


def _partition(region: Value) -> str:
    if not isinstance(region, str):
        return "aws"
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")
