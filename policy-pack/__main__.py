"""Entry point of the policy pack, run by `python -m pulumi.policy <engine> policy-pack`."""

import sys
from pathlib import Path

# A pack verifies and never signs. Without this, securesystemslib would import the AWS SDK
# for a signer that nobody calls here: half of the start-up time.
sys.modules.setdefault("boto3", None)  # type: ignore[arg-type]

from mobile_ai.governance.pulumi_pack.serve import serve_pack  # noqa: E402

if __name__ == "__main__":
    serve_pack(Path(__file__).resolve().parent)
