"""A local cloud to try and test in: the engine, the providers that stand in, their state."""
