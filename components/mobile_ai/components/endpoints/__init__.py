"""Inference endpoints: edge sites on Kubernetes and functions behind an API."""
