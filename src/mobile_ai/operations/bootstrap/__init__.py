"""Prepares an account for the first `up`: state bucket, keys, registries and pipeline roles.

``rights`` derives the AWS permissions that a plan needs, ``policies`` makes statements of them,
``documents`` the policies of the roles, ``boundary`` the permissions boundary of the roles that a
stack creates, ``trust`` the trust policies of the jobs; ``account`` creates what is missing and
changes only policies of existing resources. It is idempotent.
"""
