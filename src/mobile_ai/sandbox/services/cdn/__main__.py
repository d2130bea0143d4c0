"""`python -m mobile_ai.sandbox.services.cdn`: serve the CDN on a port of this machine."""

import argparse

import uvicorn

from mobile_ai.sandbox.services.cdn.app import application
from mobile_ai.sandbox.services.cdn.origin import Origin


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(
        prog="python -m mobile_ai.sandbox.services.cdn", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    parser.add_argument("--aws", required=True, help="URL of the AWS API")
    options = parser.parse_args()
    uvicorn.run(application(Origin(options.aws)), host="127.0.0.1", port=options.port)


if __name__ == "__main__":
    main()
