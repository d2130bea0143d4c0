"""Contracts: signed documents, trust, manifest, canonical forms, resources and telemetry events.

The innermost room: plain values in, types out. It opens no network connection, knows no engine and
imports no other room.
"""
