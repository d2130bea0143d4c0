"""Local CDN: serves the CloudFront distributions of the sandbox's AWS API.

A distribution is at `/<distribution id>/`. Origin, behaviours, the code of its viewer-request
function, and the policy of its bucket come from the AWS API alone.
"""
