"""Commands that judge, deploy and audit a stack."""
