"""Model monitoring: detects changes, tests their significance, and states the allowed actions."""
