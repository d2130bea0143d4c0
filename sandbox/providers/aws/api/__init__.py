"""Objects in an AWS API: a table of kinds (``kinds``) and what carries its entries out."""
