"""Makes model versions: recipe to trained, optimised, evaluated, signed artifacts."""
