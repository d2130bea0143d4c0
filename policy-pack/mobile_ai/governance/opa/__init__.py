"""The evaluator of Rego modules: a small program on OPA's own Go module, and its process.

Its source lies here, so that the pack's digest covers it; `mobile-ai policy build` builds it.
"""
