"""The model delivery CDN: bucket, distribution, access and timestamp signing."""
