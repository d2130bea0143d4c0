"""Budgets, burn-rate alarms and the dispatch of remediation."""
