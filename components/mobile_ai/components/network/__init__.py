"""The network of the registry and of functions: subnets, endpoints, egress."""
