"""The plan of a stack: component arguments and the documents that the policy pack judges."""
