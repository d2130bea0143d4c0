"""Models and trust signed by keys of the test: what only a key's holder can make."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.predicates import USAGE
from mobile_ai.testing import Signers, make_record, make_trust_text, make_version
from tests.e2e.checkout import Checkout

Edit = Callable[[dict[str, Any]], None]
_SCOPE = {
    "apps": ["field-assistant"],
    "dataTypes": ["document-image", "camera-image"],
    "regions": ["eu-central-1", "eu-west-1"],
    "privacyTiers": ["Internal", "GDPR_Personal", "GDPR_Sensitive"],
}


def sign_world(
    checkout: Checkout,
    *,
    states: Mapping[str, str] | None = None,
    assessment: Edit = lambda _: None,
) -> Signers:
    """Replace models, trust and pins of the dev stack by ones that fresh keys signed.

    Args:
        checkout: Where.
        states: State of a role's key in the trust, where it is not active.
        assessment: Changes what the ethics reviewer signs for 1.1.0.

    Returns:
        The keys, for what a test signs itself.
    """
    signers = Signers.fresh()
    trust = checkout.root / "policy-pack" / "trust"
    trust.mkdir(exist_ok=True)
    (trust / "dev.yaml").write_text(make_trust_text(signers, states=states or {}))
    _write(checkout, signers, "1.0.0", lambda _: None)
    _write(checkout, signers, "1.1.0", assessment)
    _measure(checkout, signers)
    checkout.renew_pins()
    return signers


def expire(predicate: dict[str, Any]) -> None:
    """Let an assessment have run out."""
    predicate["expires"] = datetime(2026, 2, 1, tzinfo=UTC).isoformat()


def _measure(checkout: Checkout, signers: Signers) -> None:
    """Let the same usage be signed by the new key."""
    path = checkout.root / "usage" / "dev" / "field-assistant.yaml"
    usage = read_yaml(path.read_text(), name="usage")["predicate"]
    usage["issued"] = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    path.write_text(make_record(USAGE, usage, signer=signers.by_role["finops-approver"]))


def _write(checkout: Checkout, signers: Signers, version: str, assessment: Edit) -> None:
    folder = checkout.root / "models" / "digits" / version
    files: dict[str, bytes] = {}

    def shipped(manifest: dict[str, Any]) -> None:
        for item in manifest["artifacts"]:
            data = f"{item['variant']} {version}".encode()
            files[item["file"]] = data
            item |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    def assessed(predicate: dict[str, Any]) -> None:
        predicate["scope"] = _SCOPE
        assessment(predicate)

    made = make_version(signers, version=version, manifest=shipped, assessment=assessed)
    files |= {f"evidence/{kind}.json": text.encode() for kind, text in made.evidence.items()}
    files["manifest.yaml"] = made.manifest.encode()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def end_in_two_years(predicate: dict[str, Any]) -> None:
    """Let an assessment run out two years from now."""
    predicate["expires"] = (datetime.now(UTC) + timedelta(days=730)).isoformat()
