"""Deployment of what passed: sessions, seal, signed statement, preflight."""
