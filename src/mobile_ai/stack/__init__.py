"""Stack files: the one reader, the one editor, typed settings, signed records and releases."""
