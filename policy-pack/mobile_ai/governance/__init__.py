"""Policy evaluation: decides whether a model may ship.

The innermost package. It takes plain values (manifests, signed statements, resource
properties) and returns verdicts. It opens no network connection, depends on no engine and
imports no other package of the project, so the same rules run in a preview, in an audit of
the deployed state, before a commit and in a test.

Layers, each importing only those above it:

* ``errors``, ``vocabulary``, ``documents``, ``canonical``: errors, enumerations, parsing, hashing
* ``manifest``, ``statements``, ``trust``: signed claims and the roles that may sign them
* ``evidence``: verification of a model version's evidence chain
* ``reading``, ``rules``, ``judge``: evaluation of rules on resources
"""
