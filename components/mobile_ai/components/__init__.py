"""Pulumi components that declare the resources of a stack.

``settings*`` reads the stack file into types, ``records`` reads signed files from Git,
``tags`` holds the tag vocabulary: none of them imports Pulumi but for the thin reader in
``settings``. Every other module is one component (``XArgs`` and ``X``) or the plain
functions that one component needs.
"""
