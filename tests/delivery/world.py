"""A small release world: models of a few kilobytes, keys, a CDN on loopback, devices."""

import functools
import http.server
import json
import random
import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.trust import Trust
from mobile_ai.delivery.client import ClientLimits, Device, update
from mobile_ai.delivery.repository.folder import read_releases, to_bytes
from mobile_ai.delivery.repository.halted import request_lift
from mobile_ai.delivery.repository.plan import wanted
from mobile_ai.delivery.repository.publish import publish, stage
from mobile_ai.delivery.repository.roles import threshold
from mobile_ai.delivery.repository.root import first_root
from mobile_ai.delivery.repository.site import write_site
from mobile_ai.delivery.repository.timestamp import refresh_timestamp
from mobile_ai.delivery.repository.versions import ModelVersionFiles
from mobile_ai.delivery.rings import Ring
from mobile_ai.stack.settings_deployment import (
    CloudPlacement,
    Deployment,
    EdgePlacement,
    ModelPin,
    OnDevicePlacement,
    Rollout,
)
from mobile_ai.stack.settings_deployment import Ring as DeclaredRing

ROLES = (
    "root",
    "targets",
    "models",
    "halt",
    "snapshot",
    "timestamp",
    "ring-canary",
    "ring-general",
)
NOW = datetime.now(UTC)
QUICK = ClientLimits(
    attempts=2, pause_seconds=0.01, connect_seconds=2, grace_seconds=0.3, total_seconds=5
)
TRUST = Trust(environment="dev", version=1, expires=NOW, keys={}, roles={}, revoked={})


def new_signers():
    return {
        role: [CryptoSigner.generate_ed25519() for _ in range(threshold(role))] for role in ROLES
    }


def weights(seed, *, moved=0.0, size=4096):
    """Return bytes like a model's: random, of which a share differs by one from the seed's."""
    rng = random.Random(seed)  # noqa: S311
    data = bytearray(rng.randbytes(size))
    other = random.Random(f"{seed}-{moved}")  # noqa: S311
    for at in range(size):
        if other.random() < moved:
            data[at] = (data[at] + other.choice((1, 255))) % 256
    return bytes(data)


def answer(model, _format, cases):
    """Stub of a runtime: the output is a function of the bytes, so other bytes answer otherwise."""
    return [[float(sum(model.read_bytes()) % 997)] for _ in cases]


def model_pin(model, version, sha256):
    """Return the pin of a version's manifest, as a stack file has it."""
    manifest = f"models/{model}/{version}/manifest.yaml"
    return ModelPin(version=version, manifest=manifest, sha256=sha256)


class World:
    """Versions and releases in Git, a bucket, and devices."""

    def __init__(self, folder, *, signers=None):
        self.folder = folder
        self.models, self.releases = folder / "models", folder / "releases"
        self.bucket = folder / "bucket"
        self.signers = signers or new_signers()
        self.versions = {}
        first_root(self.releases, self.signers, now=NOW)
        self.root = (self.releases / "metadata/1.root.json").read_bytes()

    def make(self, version, data, *, fallback="embedded", wrong_answer=False, model="digits"):
        """Write a model version and return the pin of its manifest."""
        folder = self.models / model / version
        (folder / "artifacts").mkdir(parents=True)
        (folder / "artifacts" / f"{model}-int8.tflite").write_bytes(data)
        expected = float(sum(data) % 997) + (5 if wrong_answer else 0)
        cases = [{"inputs": {"image": [0.5, 0.25]}, "shapes": {"image": [1, 2]}}]
        tests = {"int8": [{"name": "a", "case": 0, "expected": [expected], "tolerance": 0.1}]}
        head = {"apiVersion": "mobile-ai/v1", "kind": "SelfTest"}
        test = json.dumps({**head, "cases": cases, "variants": tests}).encode()
        (folder / "artifacts/selftest.json").write_bytes(test)
        text = json.dumps(_manifest(model, version, data, test=test, fallback=fallback))
        manifest, _ = read_manifest(text, name=f"{model} {version}")
        pin = sha256_bytes(f"{model} {version}".encode())
        verified = VerifiedModel(sha256=pin, digest=pin, manifest=manifest, statements={})
        self.versions[pin] = ModelVersionFiles(folder=folder, model=verified)
        return model_pin(model, version, pin)

    def plan(self, *deployments, trust=TRUST):
        """Return the signed metadata and the plan of deployments."""
        releases = read_releases(self.releases)
        asked = wanted(
            deployments, self.versions, models=self.models, releases=releases, trust=trust
        )
        return releases, asked

    def stage(self, *deployments, signers, now=NOW):
        """Add signatures to the plan of deployments, on a machine with these keys."""
        releases, asked = self.plan(*deployments)
        return stage(self.releases, asked, releases=releases, signers=signers, now=now)

    def publish(self, *deployments, signers=None, trust=TRUST, now=NOW, refresh=True, rekey=False):
        """Release deployments, and upload to the bucket."""
        releases, asked = self.plan(*deployments, trust=trust)
        signers = self.signers if signers is None else signers
        done = publish(
            self.releases, asked, releases=releases, signers=signers, now=now, rekey=rekey
        )
        if refresh:
            self.refresh(now=now)
        return done

    def lift(self):
        """Request in Git that every halt be lifted."""
        halts = read_releases(self.releases).halts
        request_lift(self.releases, [item.id for item in halts])

    def refresh(self, *, now=NOW, life=timedelta(days=1)):
        releases = read_releases(self.releases)
        write_site(self.bucket, self.releases, releases, models=self.models)
        path = self.bucket / "metadata/timestamp.json"
        signers = self.signers["timestamp"]
        return refresh_timestamp(path, releases, signers=signers, now=now, life=life)

    def newest(self, role):
        """Return the newest metadata of a role in the bucket."""
        found = (self.bucket / "metadata").glob(f"*.{role}.json")
        return Metadata.from_bytes(max(found, key=lambda p: int(p.name.split(".")[0])).read_bytes())

    def forge(self, role, change, *, signers=None):
        """Put the next version of a role in the bucket, changed and signed as by an attacker."""
        metadata = self.newest(role)
        metadata.signed.version += 1
        change(metadata.signed)
        metadata.signatures.clear()
        for signer in self.signers[role] if signers is None else signers:
            metadata.sign(signer, append=True)
        name = f"{metadata.signed.version}.{role}.json"
        (self.bucket / "metadata" / name).write_bytes(to_bytes(metadata))
        return metadata.signed.version

    def vouch(self, **versions):
        """Sign a snapshot and a timestamp over the bucket's roles, as a holder of the keys can."""

        def change(signed):
            signed.meta |= {
                f"{role.replace('_', '-')}.json": MetaFile(number)
                for role, number in versions.items()
            }

        self.forge("snapshot", change)
        snapshot = self.newest("snapshot")
        path = self.bucket / "metadata/timestamp.json"
        timestamp = Metadata.from_bytes(path.read_bytes())
        timestamp.signed.version += 1
        timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
        timestamp.signatures.clear()
        timestamp.sign(self.signers["timestamp"][0])
        path.write_bytes(to_bytes(timestamp))

    def put(self, key, data):
        path = self.bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


_RINGS = (Ring(name="canary", share=100_000), Ring(name="general", share=1_000_000))
_PLACEMENTS = {"on-device": OnDevicePlacement, "edge": EdgePlacement, "cloud": CloudPlacement}


def deployment(
    pin,
    *,
    previous=None,
    app="camera",
    model="digits",
    placement=({"target": "on-device", "variant": "int8", "deviceClass": "entry"},),
    rings=_RINGS,
    **changes,
):
    """Return a deployment of digits in two rings, both reached; unread fields are left out."""
    rollout = {
        "salt": "camera-digits",
        "stage": "general",
        "halted": False,
        "min_app_version": "1.0.0",
        "rings": tuple(
            DeclaredRing.model_construct(name=i.name, percent=i.share / 10_000) for i in rings
        ),
    }
    return Deployment.model_construct(
        **dict(pin),
        app=app,
        model=model,
        previous=previous,
        placement=tuple(_PLACEMENTS[i["target"]].model_construct(**_named(i)) for i in placement),
        rollout=Rollout.model_construct(**{**rollout, **changes}),
    )


def _named(item):
    return {"device_class" if key == "deviceClass" else key: item[key] for key in item}


def device(world, url, **changes):
    """Return a device of the general ring."""
    base = Device(
        folder=world.folder / "device",
        root=world.root,
        url=url,
        app="camera",
        model="digits",
        app_version="2.0.0",
        place={"deviceClass": "mid-range"},
        ring="general",
        limits=QUICK,
    )
    return replace(base, **changes)


def check(device_):
    """Check for updates with the stand-in runtime."""
    return update(device_, run=answer)


class Cdn:
    """A server on loopback that supports ranges and can be made to misbehave.

    Attributes:
        asked: Paths in order.
        sent: Bytes of all responses, headers included.
        fault: Called with the request's handler; true if it has responded itself.
    """

    def __init__(self, folder):
        self.folder, self.asked, self.sent, self.fault = folder, [], 0, None
        handler = functools.partial(_Handler, self)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, cdn, *arguments):
        self.cdn = cdn
        super().__init__(*arguments)

    def do_GET(self):
        self.cdn.asked.append(self.path)
        if self.cdn.fault is None or not self.cdn.fault(self):
            self.file()

    def file(self, change=bytes):
        path = self.cdn.folder / self.path.partition("?")[0].lstrip("/")
        if not path.is_file():
            return self.give(404, b"no such key")
        data = change(path.read_bytes())
        kept = 31_536_000 if self.path.startswith("/targets/") else 300
        cached = {"Cache-Control": f"public, max-age={kept}"}
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked is None:
            return self.give(200, data, **cached)
        begin = int(asked[1])
        if begin >= len(data):
            return self.give(416, b"")
        span = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        return self.give(206, data[begin:], **cached, **{"Content-Range": span})

    def give(self, status, data, length=None, **headers):
        head = [
            f"HTTP/1.1 {status} x",
            f"Content-Length: {len(data) if length is None else length}",
        ]
        head += [f"{name}: {value}" for name, value in headers.items()]
        raw = "\r\n".join([*head, "", ""]).encode() + data
        self.cdn.sent += len(raw)
        self.wfile.write(raw)
        if length is not None:
            self.close_connection = True

    def log_message(self, *_):
        pass


def flip(data):
    return bytes([data[0] ^ 1]) + data[1:]


def _manifest(model, version, data, *, test, fallback):
    interval = {"low": 0.9, "high": 1.0}
    return {
        "apiVersion": "mobile-ai/v1",
        "kind": "ModelVersion",
        "metadata": {
            "name": model,
            "version": version,
            "modalities": ["vision"],
            "task": "image-classification",
            "owners": ["a@example.com"],
            "created": "2026-01-01T00:00:00Z",
            "riskClass": "minimal",
        },
        "inputs": [{"name": "image", "dtype": "FP32", "shape": [1, 2], "modality": "vision"}],
        "outputs": [{"name": "logits", "dtype": "FP32", "shape": [1, 1]}],
        "lineage": {
            "datasets": [],
            "recipe": {"file": "recipe.yaml", "sha256": "0" * 64},
            "sourceCommit": "unknown",
        },
        "artifacts": [
            {
                "variant": "int8",
                "format": "tflite",
                "file": f"artifacts/{model}-int8.tflite",
                "sha256": sha256_bytes(data),
                "bytes": len(data),
                "requirements": {"minRamMb": 64, "runtime": "LiteRT >= 2.0", "minIos": "15.0"},
                "quality": {"metric": "accuracy", "value": 0.95, "interval": interval, "n": 9},
            }
        ],
        "selfTest": {
            "file": "artifacts/selftest.json",
            "sha256": sha256_bytes(test),
            "tolerance": 0.1,
        },
        "fallback": {"mode": fallback},
    }
