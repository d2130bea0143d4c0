"""Recipe of the registry's container image, and what only its build runs."""
