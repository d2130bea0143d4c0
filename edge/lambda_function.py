"""The function's entry: loaded once a process, in Lambda's initialisation."""

import os

from edge.lambda_adapter import make_handler

__all__ = ["handler"]

handler = make_handler(os.environ)
