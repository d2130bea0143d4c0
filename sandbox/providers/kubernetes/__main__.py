"""``python -m sandbox.providers.kubernetes``: serve the Kubernetes stand-in."""

import sys

from sandbox.providers.kubernetes.choice import ChosenCloud
from sandbox.providers.kubernetes.dialect import KubernetesDialect
from sandbox.providers.serve import main

if __name__ == "__main__":
    sys.exit(main("kubernetes", lambda spec, _: KubernetesDialect(spec), ChosenCloud))
