"""A PostgreSQL that takes connections by TLS only, with a certificate of its own authority."""

import datetime as dt
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.services.registry import _account

USER = "owner"
# Every kind of character that a generated password may hold and an address may not.
PASSWORD = "p%40/ä:#?&'\"\\ x"


def authority(folder: Path, *, host: str) -> Path:
    """Make a root and a server certificate for one name; return the root's file."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name("test root")
    root = _certificate(root_name, root_name, root_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    leaf = _certificate(_name(host), root_name, key.public_key()).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
    )
    for name, made in {"root.pem": root, "server.pem": leaf}.items():
        signed = made.sign(root_key, hashes.SHA256())
        (folder / name).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "root.pem"


@contextmanager
def postgres(folder: Path, *, port: int) -> Iterator[None]:
    """Run it on loopback, with the certificate of :func:`authority` in the same folder."""
    initdb, server = shutil.which("initdb"), shutil.which("postgres")
    account = _account()
    if initdb is None or server is None or (os.geteuid() == 0 and account is None):
        pytest.skip("PostgreSQL is not here")
    data, password = folder / "data", folder / "password"
    password.write_text(PASSWORD)
    if account:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, account)
    (folder / "server.key").chmod(0o600)
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
    settings |= {"ssl": "on", "ssl_cert_file": f"{folder}/server.pem", "fsync": "off"}
    settings |= {"ssl_key_file": f"{folder}/server.key"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-D", str(data), *options], user=account, cwd=folder, stderr=log
        )
    try:
        deadline = time.monotonic() + 60
        while "ready to accept connections" not in (folder / "log").read_text():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown: clients are cut off
        process.wait(30)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject, issuer, key) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )
