"""``python -m sandbox.providers.aws``: serve the AWS stand-in."""

import sys

from sandbox.providers.aws.dialect import AwsDialect
from sandbox.providers.serve import main

if __name__ == "__main__":
    sys.exit(main("aws", AwsDialect))
