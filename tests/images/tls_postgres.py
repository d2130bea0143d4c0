"""A PostgreSQL that takes connections by TLS only, with a certificate of its own authority."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mobile_ai.sandbox.services.registry import _account
from tests.edge.authority import Authority
from tests.waiting import until

USER = "owner"
# Every kind of character that a generated password may hold and an address may not.
PASSWORD = "p%40/ä:#?&'\"\\ x"


@contextmanager
def postgres(folder: Path, *, port: int) -> Iterator[None]:
    """Run it on loopback as ``localhost``; its authority is ``root.pem`` in the folder."""
    authority = Authority("test root")
    authority.write(folder / "root.pem")
    certificate, key = authority.issue(folder / "server")
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    account = _account()
    if initdb is None or server is None or (os.geteuid() == 0 and account is None):
        pytest.skip("PostgreSQL is not here")
    data, password = folder / "data", folder / "password"
    password.write_text(PASSWORD)
    if account:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, account)
    Path(key).chmod(0o600)
    words = ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--no-locale"]
    done = subprocess.run(
        [initdb, "-D", str(data), "-U", USER, *words],
        user=account,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": ""}
    settings |= {"ssl": "on", "ssl_cert_file": certificate, "fsync": "off"}
    settings |= {"ssl_key_file": key}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-D", str(data), *options], user=account, cwd=folder, stderr=log
        )
    try:
        until(lambda: _accepts(process, folder / "log"))
        yield
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown: clients are cut off
        process.wait(30)


def _accepts(process: subprocess.Popen[bytes], log: Path) -> bool:
    text = log.read_text()
    assert process.poll() is None, text
    return "ready to accept connections" in text
