"""Services of the local cloud: AWS and Kubernetes APIs, a model registry and a CDN."""
