"""Watches and corrects: telemetry, drift, cost, audit and remediation that writes Git."""
