"""Serves models: an Open Inference Protocol v2 server that verifies what it serves."""
