"""Stand-ins for the AWS and Kubernetes providers: the engine's protocol without a cloud.

They prove the engine's flow, policies and state; not what the official providers validate. They
refuse to change anything outside a sandbox run.
"""

from sandbox.providers.install import install

__all__ = ["install"]
