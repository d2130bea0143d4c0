"""Entry point that Lambda's runtime interface loads in a test, with the image's folder set."""

import os
from pathlib import Path

from mobile_ai.edge.lambda_adapter import make_handler

handler = make_handler(os.environ, image=Path(os.environ["TEST_IMAGE"]))
