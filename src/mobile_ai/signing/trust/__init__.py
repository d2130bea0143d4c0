"""Changes of an environment's trust: people and their keys, versions, staged signatures."""
