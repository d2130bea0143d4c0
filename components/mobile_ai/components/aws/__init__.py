"""AWS building blocks that several components share: names, policies, keys, buckets, functions."""
