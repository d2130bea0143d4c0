"""The console script `mobile-ai`: one module per command group, no logic of its own."""
