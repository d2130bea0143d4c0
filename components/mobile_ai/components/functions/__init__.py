"""Code that runs inside Lambda or a container: standard library, boto3 and contracts only."""
