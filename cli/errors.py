"""The error of a command that is the user's to mend."""

__all__ = ["UserError"]


class UserError(Exception):
    """Shown as one line, without a traceback: what, got, expected, next step."""
