"""Commands that publish releases and check devices."""
