"""Checks AWS inputs against CloudFormation's resource schemas and botocore's API models."""
