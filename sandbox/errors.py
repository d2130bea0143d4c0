"""What is wrong with a part of the sandbox."""

__all__ = ["SandboxError"]


class SandboxError(Exception):
    """Something the sandbox needs cannot be used: what, got, expected and the next step."""
