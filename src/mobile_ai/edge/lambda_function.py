"""Entry point of the Lambda function; loaded once per process, in the init phase."""

import os

from mobile_ai.edge.lambda_adapter import make_handler

handler = make_handler(os.environ)
"""Entry point of the function that the image names."""
