"""Commands that monitor, remediate and draw the dashboard."""
