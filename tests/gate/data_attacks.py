"""Attacks by a pull request that changes data alone: what each does, and what refuses it.

Those under ``OUTSIDE`` were thought of from the documentation alone, without reading the code.
"""

import json
import shutil
from collections.abc import Callable
from typing import Any

from tests.gate.requests import Edit, Request

FILE = "stack-error"
"""The stack file, or a file that it names, cannot be used."""
Attack = tuple[str, Edit, str]
"""Stack, change, and the rule that must deny it or ``FILE``."""
DEPLOYMENT = ("deployments", 0)
RINGS = (*DEPLOYMENT, "rollout", "rings")
MANIFEST = "models/digits/1.1.0/manifest.yaml"
USAGE = "usage/dev/field-assistant.yaml"
_SECRETS = "arn:aws:secretsmanager:eu-central-1"
EVIL_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEe3LcQtQm0GcVQgujvB44RVl2xk6D
Tyucb2cwlRHwf77TH0dBz2l125ao3azt4bRu97e+oMjeLRyW9uEVp5XXrw==
-----END PUBLIC KEY-----
"""


def to(*path: str | int, value: Any) -> Edit:
    return lambda request: request.set(*path, to=value)


def text(old: str, new: str, name: str = "") -> Edit:
    return lambda request: request.replace(old, new, name)


def added(more: str) -> Edit:
    return lambda request: request.append(more)


def both(*edits: Edit) -> Edit:
    def change(request: Request) -> None:
        for edit in edits:
            edit(request)

    return change


def _removed(name: str) -> Edit:
    def change(request: Request) -> None:
        path = request.root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    return change


def _listed(key: str, change: Callable[[list[Any]], object]) -> Edit:
    def edit(request: Request) -> None:
        values = request.get(key)
        change(values)
        request.set(key, to=values)

    return edit


def _own_waiver(request: Request) -> None:
    folder = request.root / "policy-pack/waivers/dev"
    folder.mkdir(parents=True)
    record = (request.root / USAGE).read_text().replace("urn:mobile-ai:usage:v1", "urn:x")
    (folder / "mine.yaml").write_text(record)


def _usage_of_another_stack(request: Request) -> None:
    path = request.root / USAGE
    shutil.copy(request.root / "usage/prod/field-assistant.yaml", path)
    request.set(*DEPLOYMENT, "usage", "monthlyActiveDevices", to=1)


def _linked_manifest(request: Request) -> None:
    path = request.root / MANIFEST
    (request.root / "elsewhere.yaml").write_text(path.read_text())
    path.unlink()
    path.symlink_to(request.root / "elsewhere.yaml")


def _older_model_as_newer(request: Request) -> None:
    older = request.root / "models/digits/1.0.0/evidence"
    newer = request.root / "models/digits/1.1.0/evidence"
    for path in older.iterdir():
        shutil.copy(path, newer / path.name)


def _own_release(request: Request) -> None:
    root = request.root / "releases/dev/metadata/1.root.json"
    value = json.loads(root.read_text())
    value["signed"]["expires"] = "2099-01-01T00:00:00Z"
    root.write_text(json.dumps(value))


def _swapped_bytes(request: Request) -> None:
    folder = request.root / "models/digits/1.1.0/artifacts"
    first = min(folder.iterdir())
    first.write_bytes(first.read_bytes()[:-1] + b"x")


def _stack_of_ones_own(request: Request) -> None:
    shutil.copy(request.file, request.root / "Pulumi.mine.yaml")
    request.stack = "mine"


def _images_of(repository: str) -> Edit:
    def change(request: Request) -> None:
        ours = request.get("images", "mlflow").partition("@")[0]
        request.replace(ours, repository)

    return change


# Those that were found by trying, with the kinds of the threat model.
FOUND: dict[str, Attack] = {
    "another issuer": (
        "dev",
        to("identity", "issuer", value="https://login.evil.test/"),
        "identity-bounded",
    ),
    "a look-alike issuer": (
        "dev",
        to("identity", "issuer", value="https://login.dev.example.com.evil.test/"),
        "identity-bounded",
    ),
    "one audience more": (
        "prod",
        to("identity", "audiences", value=["mobile-ai-devices", "all"]),
        "identity-bounded",
    ),
    "images of another registry": (
        "dev",
        to("images", "edge", "index", value=f"docker.io/evil/edge@sha256:{'7' * 64}"),
        "images-from-our-registry",
    ),
    "images of another account": (
        "dev",
        _images_of("999999999999.dkr.ecr.eu-central-1.amazonaws.com/mobile-ai/mlflow"),
        "images-from-our-registry",
    ),
    "images by tag": (
        "dev",
        to(
            "images",
            "mlflow",
            value="111122223333.dkr.ecr.eu-central-1.amazonaws.com/mobile-ai/mlflow:latest",
        ),
        FILE,
    ),
    "another account": ("dev", text("111122223333", "999999999999"), "images-from-our-registry"),
    "another account, our images": ("dev", to("aws", "accountId", value="999999999999"), FILE),
    "a ring skipped": (
        "prod",
        to(*DEPLOYMENT, "rollout", "stage", value="general"),
        "rollout-one-ring-at-a-time",
    ),
    "a first ring of everybody": (
        "prod",
        to(*RINGS, value=[{"name": "canary", "percent": 100, "soakHours": 0}]),
        "first-ring-small",
    ),
    "no soak": ("prod", to(*RINGS, 0, "soakHours", value=0), "rollout-bounded"),
    "a wider first ring": ("prod", to(*RINGS, 0, "percent", value=20), "first-ring-small"),
    "releases deleted": ("dev", _removed("releases/dev"), "release-kept"),
    "a snapshot deleted": (
        "dev",
        _removed("releases/dev/metadata/1.snapshot.json"),
        "release-kept",
    ),
    "a root of one's own": ("dev", _own_release, FILE),
    "a hard budget made soft": ("prod", to("budgets", 1, "kind", value="soft"), "budgets-bounded"),
    "a budget raised": ("prod", to("budgets", 0, "monthlyUsd", value=500_000), "budgets-bounded"),
    "a budget removed": (
        "prod",
        both(
            _listed("budgets", lambda budgets: budgets.pop()),
            to(*DEPLOYMENT, "budget", value="stack"),
        ),
        "budgets-bounded",
    ),
    "a budget of another scope": (
        "prod",
        to("budgets", 1, "scope", value="stack"),
        "budgets-bounded",
    ),
    "a soft budget beside the hard one": (
        "dev",
        both(
            to("budgets", 1, "kind", value="soft"),
            to("budgets", 1, "name", value="easy"),
            to(*DEPLOYMENT, "budget", value="easy"),
        ),
        "budgets-bounded",
    ),
    "nodes for nothing": (
        "prod",
        to("sites", 0, "nodePriceUsdPerHour", value=0),
        "node-prices-bounded",
    ),
    "nodes of a thousand cores": (
        "prod",
        to("sites", 0, "nodeCpu", value=1000),
        "node-prices-bounded",
    ),
    "a stack that nobody listed": ("dev", _stack_of_ones_own, "stack-configured"),
    "the environment of production": ("dev", to("environment", value="prod"), "stack-configured"),
    "a manifest edited": ("dev", text("riskClass: minimal", "riskClass: high", MANIFEST), FILE),
    "a pin of what nobody signed": (
        "dev",
        both(text("owners:", "notes: x\nowners:", MANIFEST)),
        FILE,
    ),
    "bytes of a model swapped": ("dev", _swapped_bytes, FILE),
    "evidence of an older version": ("dev", _older_model_as_newer, "model-evidence-verified"),
    "a manifest behind a link": ("dev", _linked_manifest, FILE),
    "a manifest above the folder": (
        "dev",
        to(*DEPLOYMENT, "manifest", value="models/../../etc/passwd"),
        FILE,
    ),
    "usage written down": (
        "dev",
        to(*DEPLOYMENT, "usage", "monthlyActiveDevices", value=1),
        "usage-plausible",
    ),
    "a usage record edited": (
        "dev",
        text("monthlyActiveDevices: 500", "monthlyActiveDevices: 5", USAGE),
        "records-verified",
    ),
    "a usage record of another stack": ("dev", _usage_of_another_stack, "usage-plausible"),
    "a record of no known type": ("dev", _own_waiver, "records-verified"),
    "a tier that is too low": (
        "dev",
        to(*DEPLOYMENT, "dataProcessing", "dataTypes", value=["face-image"]),
        "privacy-tier-sufficient",
    ),
    "sensitive data elsewhere": (
        "dev",
        both(
            to("aws", "allowedRegions", value=["eu-central-1", "us-east-1"]),
            to(*DEPLOYMENT, "region", value="us-east-1"),
            to(*DEPLOYMENT, "dataProcessing", "privacyTier", value="GDPR_Sensitive"),
        ),
        "data-residency",
    ),
    "providers of another namespace": (
        "dev",
        text("config:\n", "config:\n  aws:endpoints: [{s3: https://evil.test}]\n"),
        FILE,
    ),
    "default providers back on": (
        "dev",
        text("config:\n", "config:\n  pulumi:disable-default-providers: []\n"),
        FILE,
    ),
    "tags of the engine": ("dev", text("config:\n", "config:\n  pulumi:tags: {a: b}\n"), FILE),
    "an environment of elsewhere": ("dev", added("environment:\n  - evil/env\n"), FILE),
    "imports": ("dev", added("imports: [evil]\n"), FILE),
    "a backend": ("dev", added("backend: {url: https://evil.test}\n"), FILE),
    "another secrets provider": ("dev", added("secretsprovider: awskms://alias/evil\n"), FILE),
    "another encrypted key": ("dev", added("encryptedkey: ZXZpbA==\n"), FILE),
    "another salt": ("dev", added("encryptionsalt: v1:evil\n"), FILE),
    "a secret for a value": ("dev", to("identity", "issuer", value={"secure": "v1:abc:def"}), FILE),
    "a path for a key": (
        "dev",
        text("config:\n", "config:\n  mobile-ai:aws.accountId: '9'\n"),
        FILE,
    ),
    "a key that looks like ours": (
        "dev",
        text("config:\n", "config:\n  mobile\u2011ai:protect: false\n"),
        FILE,
    ),
    "a key of lines": (
        "dev",
        text("config:\n", 'config:\n  "mobile-ai:x\\n\\n## PASS\\n::add-mask::y": 1\n'),
        FILE,
    ),
    "a bomb of aliases": (
        "dev",
        added(
            "".join(
                f"  mobile-ai:a{n}: &a{n} [{'x' if not n else f'*a{n - 1}'}]\n" for n in range(9)
            )
        ),
        FILE,
    ),
    "a sexagesimal budget": ("dev", text("monthlyUsd: 150", "monthlyUsd: 190:20:30"), FILE),
    "an octal budget": ("dev", text("monthlyUsd: 150", "monthlyUsd: 0150"), FILE),
    "a key twice": (
        "dev",
        text(
            "  mobile-ai:protect: false\n",
            "  mobile-ai:protect: false\n  mobile-ai:protect: true\n",
        ),
        FILE,
    ),
}

# Thought of from docs/ alone: what each field and file is said to do, turned against it.
OUTSIDE: dict[str, Attack] = {
    "the CDN's name is mine (first deployment)": (
        "prod",
        to("delivery", "domain", value="models.evil.test"),
        "names-bounded",
    ),
    "telemetry goes to my name": (
        "prod",
        to("telemetry", "domain", value="telemetry.evil.test"),
        "names-bounded",
    ),
    "alarms reach me alone": (
        "prod",
        to("telemetry", "notify", value=["me@evil.test"]),
        "notifications-bounded",
    ),
    "budget alerts reach me as well": (
        "dev",
        to("budgets", 0, "notify", value=["finops@example.com", "me@evil.test"]),
        "notifications-bounded",
    ),
    "I am the person who can halt the model": (
        "dev",
        to(*DEPLOYMENT, "humanOversight", value="me@evil.test"),
        "notifications-bounded",
    ),
    "versions are registered at my server": (
        "dev",
        to("registry", "trackingUri", value="https://mlflow.evil.test"),
        "names-bounded",
    ),
    "the registry keeps its files in my bucket": (
        "prod",
        to("existing", value={"artifactBucket": "bucket-of-mine"}),
        "existing-bounded",
    ),
    "a site's name leads to my gateway": (
        "prod",
        to("sites", 0, "gateway", "domain", value="models.evil.test"),
        "names-bounded",
    ),
    "the lab's agent pushes to the cluster of production": (
        "dev",
        both(to("sites", 0, "mode", value="push"), to("sites", 0, "context", value="prod")),
        "provider-accounts-bound",
    ),
    "what holds state may be deleted": ("prod", to("protect", value=False), "stores-protected"),
    "no firewall": ("prod", to("delivery", "waf", value=False), "cdn-has-firewall"),
    "metadata that caches keep for an hour": (
        "prod",
        to("delivery", "metadataTtlSeconds", value=3600),
        "release-metadata-fresh",
    ),
    "a thousand copies at once": (
        "dev",
        to(*DEPLOYMENT, "placement", 2, "reservedConcurrency", value=1000),
        "cloud-capacity-affordable",
    ),
    "a database that costs a hundredfold": (
        "prod",
        to("registry", "instanceClass", value="db.r7g.16xlarge"),
        "sizes-allowed",
    ),
    "another team pays": ("prod", to("owner", "costCenter", value="cc-9999"), "cost-tags-required"),
    "the model for an app that nobody assessed": (
        "dev",
        both(to(*DEPLOYMENT, "app", value="shop"), to("budgets", 1, "scope", value="app:shop")),
        "ethical-assessment-approved",
    ),
    "any version of the app": (
        "dev",
        to(*DEPLOYMENT, "rollout", "minAppVersion", value="0.0.0"),
        "minimum-app-version-set",
    ),
    "a rollback to what I wrote": (
        "dev",
        to(*DEPLOYMENT, "previous", "sha256", value="0" * 64),
        FILE,
    ),
}

# What passes, and why that is accepted.
ACCEPTED: dict[str, tuple[str, Edit, str]] = {
    "another workflow to start on an alarm": (
        "prod",
        to(
            "cost",
            value={
                "remediation": {
                    "repository": "evil/repository",
                    "workflow": "x.yml",
                    "appSecretArn": f"{_SECRETS}:444455556666:secret:app-AbCdEf",
                }
            },
        ),
        "the call is made as our GitHub App, which reaches the repositories it is installed in",
    ),
    "a key that signs download addresses": (
        "prod",
        to("delivery", "signedUrlKeys", value=[EVIL_KEY]),
        "model files are no secret from who has the application: every device holds them",
    ),
}
