"""Hands model updates to devices: signed releases, rings, deltas and the client that takes them."""
