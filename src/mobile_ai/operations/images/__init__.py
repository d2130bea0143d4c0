"""Checks the image digests that stack files pin against their registries, and updates them.

``registry`` queries a registry, ``pins`` reads and edits stack files. A tag is only used as a
query; pinned digests are computed from bytes that were read.
"""
