"""Budgets and the dispatch of remediation."""
