"""Error raised when a program cannot be built."""


class GoBuildError(Exception):
    """A program could not be built from its pinned Go modules."""
