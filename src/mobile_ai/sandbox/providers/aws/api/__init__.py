"""Objects in an AWS API: a table of kinds (``kinds``) and the code that executes it."""
