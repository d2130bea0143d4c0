"""Adapter between Pulumi's engine and the rules: the analyzer plugin protocol over gRPC.

It decides nothing itself. A pack of the Python SDK decodes each resource once for every policy;
this one decodes it once, evaluates all rules in one call, and still presents every rule to the
engine as a policy of its own.
"""
