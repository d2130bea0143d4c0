"""Keys, signers, and drafts of signed records, for every command that signs something."""
