"""The verdict: expected rules against observed ones, and the check that needs no engine."""
