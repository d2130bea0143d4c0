"""A device that updates itself: python update.py <folder of releases> <first root> <folder>."""

import functools
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from mobile_ai.delivery.client import Device, active_model, update

releases, root, folder = map(Path, sys.argv[1:])
# The folder takes the place of the CDN: `mobile-ai release` and `mobile-ai up` fill both alike.
handler = functools.partial(SimpleHTTPRequestHandler, directory=releases)
server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()

device = Device(
    folder=folder,
    root=root.read_bytes(),  # from the application's package: the anchor of all trust
    url=f"http://127.0.0.1:{server.server_port}/",
    app="camera",
    model="digits",
    app_version="2.0.0",
    target="edge",
    place={"site": "dublin"},
)
outcome = update(device)
print(f"{outcome.word}: {outcome.reason}")
model = active_model(device)
print(f"runs {model.version} from {model.path}")
