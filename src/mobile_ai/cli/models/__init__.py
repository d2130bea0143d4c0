"""Commands that build, verify and approve models."""
