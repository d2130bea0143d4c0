"""Publisher: signs the releases that Git declares, and writes them back into Git."""
