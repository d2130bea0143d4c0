"""Operations: telemetry, drift and cost monitoring, audit, and remediation through Git."""
