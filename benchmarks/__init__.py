"""Benchmarks: ratios against peers, measured alternately in one run.

Each module but the underscored ones is an area: `IDS` are the ids of its rows, `rows()` measures
them. `python -m benchmarks` runs all, prints a table and writes `build/bench.json`.
"""

import os

# Of peers too: what runs beside a measurement must not be an uploader.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
