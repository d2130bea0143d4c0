"""Shared helpers for component tests: a recording engine, a repository, stack files."""

import hashlib
import json
import os
import runpy
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, rpc
from pulumi.runtime import settings as runtime_settings
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from tests.waiting import stall

ROOT = Path(__file__).parents[2]
UNKNOWN = rpc.UNKNOWN

# Outputs that components read and that inputs do not give, as an update would return them.
_COMPUTED = (
    "address", "apiEndpoint", "apiId", "arn", "dnsName", "domainName", "endpoint", "etag",
    "executionArn", "hostedZoneId", "invokeArn", "keyId", "repositoryUrl", "url", "zoneId",
)  # fmt: skip
_ACCOUNT, _REGION = "444455556666", "eu-central-1"
_SIGNING_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEe3LcQtQm0GcVQgujvB44RVl2xk6D
Tyucb2cwlRHwf77TH0dBz2l125ao3azt4bRu97e+oMjeLRyW9uEVp5XXrw==
-----END PUBLIC KEY-----
"""
_PROOF = {
    "domainName": "example.com",
    "resourceRecordName": "_proof.example.com",
    "resourceRecordType": "CNAME",
    "resourceRecordValue": "_value.example.com",
}
_API_TARGET = {"targetDomainName": "d-1.execute-api.example.com", "hostedZoneId": "ZAPI"}
_SECRET = {"secretArn": "arn:aws:secretsmanager:eu-central-1:444455556666:secret:rds-1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A resource as sent to the engine for registration."""

    type: str
    name: str
    urn: str
    parent: str
    custom: bool
    protect: bool
    retained: bool
    provider: str
    aliases: tuple[str, ...]
    dependencies: frozenset[str]
    inputs: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.name


class Engine(mocks.MockMonitor):
    """A monitor that keeps every request raw: parent, protection, aliases, dependencies."""

    def __init__(self, *, preview: bool, slow: frozenset[str] = frozenset()) -> None:
        super().__init__(_Cloud(preview=preview))
        self.slow = slow
        self.registered: list[Registered] = []
        self.outputs: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type in self.slow:
            stall(0.2)
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type == "pulumi:pulumi:Stack":
            return response
        self.registered.append(
            Registered(
                type=request.type,
                name=request.name,
                urn=response.urn,
                parent=request.parent,
                custom=request.custom,
                protect=request.protect,
                retained=request.retainOnDelete,
                provider=request.provider,
                aliases=tuple(str(alias) for alias in request.aliases),
                dependencies=frozenset(request.dependencies),
                inputs=MessageToDict(request.object),
            )
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.outputs[request.urn] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def of_type(self, suffix: str) -> list[Registered]:
        """Return the resources whose type ends so, by name: registrations run side by side."""
        found = [item for item in self.registered if item.type.endswith(suffix)]
        return sorted(found, key=lambda item: item.name)

    def one(self, suffix: str, name: str | None = None) -> Registered:
        """Return the only resource of a type (and name)."""
        found = [item for item in self.of_type(suffix) if name in {None, item.name}]
        assert len(found) == 1, f"{suffix} {name}: {[item.key for item in found]}"
        return found[0]

    def parent_of(self, item: Registered) -> Registered | None:
        return next((other for other in self.registered if other.urn == item.parent), None)


class _Cloud(mocks.Mocks):
    def __init__(self, *, preview: bool) -> None:
        self.preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if self.preview:  # what only the cloud knows is unknown, as the engine has it
            return None, dict(args.inputs)
        computed: dict[str, Any] = {name: f"{args.name}-{name}" for name in _COMPUTED}
        computed |= _identity(args)
        computed |= {"domainValidationOptions": [_PROOF], "masterUserSecrets": [_SECRET]}
        given = dict(args.inputs)
        if args.typ == "aws:apigatewayv2/domainName:DomainName":
            given["domainNameConfiguration"] |= _API_TARGET
        return f"{args.name}-id", {**computed, **given}

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token.startswith("pulumi:pulumi:readStack"):
            return {"outputs": {}}  # of a stack that was never deployed
        raise AssertionError(f"a component asked the cloud: {args.token}")


def _identity(args: mocks.MockResourceArgs) -> dict[str, str]:
    """Return what tells a key or a role from everything else of its name."""
    if args.typ.startswith("aws:kms/") and not args.typ.endswith(":Alias"):
        key = f"key/{args.name}"
        return {"arn": f"arn:aws:kms:{_REGION}:{_ACCOUNT}:{key}", "keyId": key}
    if args.typ == "aws:iam/role:Role":
        return {"arn": f"arn:aws:iam::{_ACCOUNT}:role/{args.inputs.get('name')}"}
    return {}


def declare(
    program: Callable[[], Any],
    *,
    stack: str = "dev",
    preview: bool = True,
    slow: frozenset[str] = frozenset(),
) -> Engine:
    """Run a program against a recording engine; registering a ``slow`` type takes long."""
    engine = Engine(preview=preview, slow=slow)
    runtime_settings.ROOT.set(None)  # the stack resource of an earlier program
    pulumi.runtime.set_mocks(
        engine.mocks, project="mobile-ai", stack=stack, preview=preview, monitor=engine
    )
    root: Any = runtime_settings.get_root_resource()
    root._async_program_registration_closed = False  # `set_mocks` closes it before a program starts

    async def run() -> None:
        done = program()
        if isawaitable(done):
            await done
        if entry := root._take_async_program():  # what the program gave to `pulumi.run`
            await entry()

    _sync_await(run_pulumi_func(run))
    return engine


def run_stack(
    repository: Path, stack: str, *, preview: bool = True, slow: frozenset[str] = frozenset()
) -> Engine:
    """Run the whole program for a stack of a repository."""
    values = read_yaml((repository / f"Pulumi.{stack}.yaml").read_text(), name=stack)["config"]
    config = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }

    def program() -> None:
        pulumi.runtime.set_all_config(config)
        runpy.run_path(str(repository / "__main__.py"))

    with _inside(repository):
        return declare(program, stack=stack, preview=preview, slow=slow)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def stack_values(repository: Path, stack: str = "dev") -> dict[str, Any]:
    """Return the values of a stack file, by key without the namespace."""
    text = (repository / f"Pulumi.{stack}.yaml").read_text()
    config = read_yaml(text, name=stack)["config"]
    return {key.removeprefix("mobile-ai:"): deepcopy(value) for key, value in config.items()}


def write_repository(root: Path) -> Path:
    """Write a repository: the program, two model versions, and stack files that pin them.

    Bytes are the same every time, so digests may stand in golden files.
    """
    shutil.copy(ROOT / "__main__.py", root)
    pins = {version: write_model(root, version) for version in ("1.0.0", "1.1.0")}
    for stack in ("dev", "prod"):
        document = read_yaml((ROOT / f"Pulumi.{stack}.yaml").read_text(), name=stack)
        for deployment in document["config"]["mobile-ai:deployments"]:
            deployment["sha256"] = pins[deployment["version"]]
            deployment["previous"]["sha256"] = pins[deployment["previous"]["version"]]
        (root / f"Pulumi.{stack}.yaml").write_text(dump_yaml(document))
    _write_full_stack(root)
    return root


def _write_full_stack(root: Path) -> None:
    """Write ``prod-full``: prod with every option of a stack file enabled."""
    document = read_yaml((root / "Pulumi.prod.yaml").read_text(), name="prod")
    config = document["config"]
    secret = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:app-AbCdEf"
    config["mobile-ai:cost"] = {
        "anomalyMonitor": True,
        "burnRate": True,
        "remediation": {
            "repository": "example/models",
            "workflow": "remediate.yaml",
            "appSecretArn": secret,
        },
    }
    telemetry = config["mobile-ai:telemetry"]
    del telemetry["certificateArn"]
    telemetry["hostedZoneId"] = config["mobile-ai:delivery"]["hostedZoneId"]
    config["mobile-ai:network"]["egress"] = "nat"
    config["mobile-ai:delivery"]["signedUrlKeys"] = [_SIGNING_KEY]
    (root / "Pulumi.prod-full.yaml").write_text(dump_yaml(document))


def write_model(root: Path, version: str) -> str:
    """Write a model version below ``models/digits`` and return its pin."""
    folder = root / "models" / "digits" / version
    (folder / "artifacts").mkdir(parents=True)
    (folder / "evidence").mkdir()
    variants = {"int8": ("tflite", b"int8 "), "int8-onnx": ("onnx", b"onnx ")}
    artifacts = []
    for variant, (kind, content) in variants.items():
        data = content + version.encode()
        (folder / "artifacts" / f"{variant}.{kind}").write_bytes(data)
        artifacts.append(
            {
                "variant": variant,
                "format": kind,
                "file": f"artifacts/{variant}.{kind}",
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
                "requirements": {"minRamMb": 64, "runtime": "any"},
            }
        )
    text = dump_yaml(_manifest(version, artifacts, _evidence(folder)))
    (folder / "manifest.yaml").write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()


def _evidence(folder: Path) -> list[dict[str, str]]:
    listed = []
    for kind in ("provenance", "evaluation", "assessment"):
        data = json.dumps({"statement": kind, "of": folder.name}).encode()
        (folder / "evidence" / f"{kind}.dsse.json").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        listed.append({"kind": kind, "file": f"evidence/{kind}.dsse.json", "sha256": digest})
    return listed


def _manifest(
    version: str, artifacts: list[dict[str, Any]], evidence: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "apiVersion": "mobile-ai/v1",
        "kind": "ModelVersion",
        "metadata": {
            "name": "digits",
            "version": version,
            "modalities": ["vision"],
            "task": "image-classification",
            "owners": ["owner@example.com"],
            "created": "2026-01-02T03:04:05Z",
            "riskClass": "minimal",
        },
        "inputs": [{"name": "image", "dtype": "FP32", "shape": [-1, 28], "modality": "vision"}],
        "outputs": [{"name": "scores", "dtype": "FP32", "shape": [-1, 10]}],
        "lineage": {
            "datasets": [],
            "recipe": {"file": "digits.yaml", "sha256": "0" * 64},
            "sourceCommit": "unknown",
        },
        "artifacts": artifacts,
        "fallback": {"mode": "off"},
        "evidence": evidence,
    }
