"""``python -m mobile_ai.sandbox.providers.kubernetes``: serve the Kubernetes provider.

It is the official provider in a running sandbox, and the stand-in for a preview without one.
"""

import os
import sys

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.providers.serve import main as serve
from mobile_ai.sandbox.providers.serve import spec_option
from mobile_ai.sandbox.services.endpoints import Endpoints


def main() -> int:
    """Run the official provider, or serve the stand-in and return an exit code."""
    try:
        endpoints = Endpoints.from_environment(os.environ)
        if endpoints is not None:
            from mobile_ai.sandbox.kubernetes_provider.run import become_provider  # noqa: PLC0415

            _, of_engine = spec_option().parse_known_args()
            become_provider(endpoints, of_engine, os.environ)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    from mobile_ai.sandbox.providers.kubernetes.provider_behavior import KubernetesDialect  # noqa: PLC0415

    return serve("kubernetes", lambda spec, _: KubernetesDialect(spec))


if __name__ == "__main__":
    sys.exit(main())
