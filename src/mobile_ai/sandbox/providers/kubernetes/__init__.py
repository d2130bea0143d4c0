"""Stand-in for the Kubernetes provider."""
