"""Python language host for a built engine: a `LanguageRuntime` server over gRPC.

An official Pulumi release includes its own host; this one is used with a CLI that was compiled
locally. The engine starts it through `pulumi-language-python`, reads a port from its standard
output and calls it to run programs and policy packs.
"""
