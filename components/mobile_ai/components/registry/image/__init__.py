"""Build recipe of the registry's container image, and the scripts that its build runs."""
