"""Entry point of the policy pack, run by `python -m pulumi.policy <engine> policy-pack`."""

import gc
import os
import sys
from pathlib import Path

# Judging creates no reference cycles (a test asserts it), so that reference counting frees
# everything: the collector would scan the imported modules and a large stack for nothing.
gc.disable()
# A pack verifies and never signs. Without this, securesystemslib would import the AWS SDK
# for a signer that nobody calls here: half of the start-up time.
sys.modules.setdefault("boto3", None)  # type: ignore[arg-type]
# No package that happens to be installed may extend how documents are validated; looking for
# such plugins reads the metadata of every distribution.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

from mobile_ai.governance.pulumi_pack.serve import serve_pack  # noqa: E402

if __name__ == "__main__":
    serve_pack(Path(__file__).resolve().parent)
