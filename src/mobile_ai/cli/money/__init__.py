"""Commands for cost, recommendations and showback."""
