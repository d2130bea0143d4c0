"""Commands of signed records."""
