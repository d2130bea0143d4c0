"""Stand-in for the AWS provider."""
