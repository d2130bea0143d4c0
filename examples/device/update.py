"""A device that updates itself: update.py RELEASES ROOT FOLDER APP MODEL APP_VERSION PLACE."""

import functools
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from mobile_ai.delivery.client import Device, active_model, update

if len(sys.argv) != 8:  # noqa: PLR2004
    sys.exit(__doc__)
releases, root, folder = map(Path, sys.argv[1:4])
app, model, app_version, place = sys.argv[4:]
name, _, value = place.partition("=")  # deviceClass=mid-range of a phone, site=dublin of an edge
# The folder takes the place of the CDN: `mobile-ai release` and `mobile-ai up` fill both alike.
handler = functools.partial(SimpleHTTPRequestHandler, directory=releases)
server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()

device = Device(
    folder=folder,
    root=root.read_bytes(),  # from the application's package: the anchor of all trust
    url=f"http://127.0.0.1:{server.server_port}/",
    app=app,
    model=model,
    app_version=app_version,
    target="edge" if name == "site" else "on-device",
    place={name: value},
)
outcome = update(device)
print(f"{outcome.word}: {outcome.reason}")
found = active_model(device)
print(f"runs {found.version} from {found.path}" if found.path else f"no model: {found.reason}")
sys.exit(0 if outcome.word in {"installed", "current"} and found.path else 1)
