"""Base error of the sandbox."""


class SandboxError(Exception):
    """A part of the sandbox is not usable; states what, got, expected and the next step."""
