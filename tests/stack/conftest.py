"""Fixtures of tests that load what a stack file names."""

from tests.components.conftest import repository, shared_repository

__all__ = ["repository", "shared_repository"]
