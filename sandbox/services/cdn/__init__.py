"""A CDN to try against: CloudFront's distributions of the AWS API, served from this machine.

A distribution is at `/<distribution id>/`. What it is comes from the AWS API alone: origin,
behaviours, the code of its viewer-request function, and the policy of its bucket.
"""
