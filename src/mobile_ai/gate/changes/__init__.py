"""Source of the judged change: stack file, commit and documentation links."""
