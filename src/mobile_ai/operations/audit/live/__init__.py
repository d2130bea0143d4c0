"""Checks of live systems beyond the state: objects, budgets, registry, clusters, devices.

Each is created with a client of its system and returns a ``Check``. The state records what the
engine made; these find changes made outside of it.
"""
