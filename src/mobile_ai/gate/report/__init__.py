"""The report of a gate run: its parts and how they are built."""
