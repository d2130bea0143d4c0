"""Stand-ins for the AWS and Kubernetes providers: the engine's protocol without a cloud.

They exercise the engine's flow, policies and state, but not the validation of the official
providers. They refuse changes outside of a sandbox run.
"""

from mobile_ai.sandbox.providers.install import install

__all__ = ["install"]
