"""Governance: the judgement that decides whether a model may ship.

The innermost room. It reads plain values (manifests, signed statements, resource
properties) and returns verdicts. It opens no network connection, knows no engine and
imports no other room, so the same judgement runs in a preview, in an audit of the
deployed state, before a commit and in a test.

Layers, each importing only those above it:

* ``errors``, ``vocabulary``, ``documents``, ``canonical``: words and bytes
* ``manifest``, ``statements``, ``trust``: what is claimed and who may claim it
* ``evidence``: is a model version what its signers say it is?
* ``reading``, ``rules``, ``judge``: does a resource pass?
"""
