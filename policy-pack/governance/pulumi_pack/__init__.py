"""The thin shell around the judge for Pulumi's engine.

Everything here is about speaking to the engine: nothing decides anything. A stock Python
pack decodes each resource once for every policy; this one decodes it once, asks the judge
once, and still shows the engine every rule as a policy of its own.
"""
