"""Console script `mobile-ai`: one module per command group, without logic of its own."""
