"""The Python language host beside a built engine: a `LanguageRuntime` server over gRPC.

An official Pulumi release brings its own; this one stands in where the CLI was compiled here. The
engine starts it through `pulumi-language-python`, reads a port from its standard output and asks it
to run programs and policy packs.
"""
