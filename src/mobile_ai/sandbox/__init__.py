"""Local cloud for development and tests: engine, stand-in providers, services and state."""
