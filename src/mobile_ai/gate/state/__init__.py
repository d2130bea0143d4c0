"""State before and after: baseline, drift, recovery and leftovers."""
