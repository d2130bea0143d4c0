"""Evidence bundles: technical documentation of deployed versions, with what it rests on."""
