"""The registry's image without Docker: its wheels, its certificates, and the server on them.

The container's start runs as in the task definition: as its user, on a root that cannot be written
to, against a PostgreSQL that proves its name and an S3 and a Secrets Manager of moto. What this
does not show: the base image and the build itself.
"""

import base64
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import psycopg2
import pytest
from moto.server import ThreadedMotoServer

from mobile_ai.components.functions.registry_start import database_uri
from mobile_ai.components.registry.image.rds_roots import listed, main, select
from mobile_ai.components.registry.plan import container_definitions
from tests.edge.authority import Authority
from tests.images.recipe import ROOT, SITE, Recipe, interpreter, path_of
from tests.images.tls_postgres import PASSWORD, USER, postgres
from tests.waiting import until

FOLDER = ROOT / "components/mobile_ai/components/registry/image"
RECIPE = Recipe(FOLDER / "Dockerfile")
LIST = FOLDER / "rds-roots.txt"
DOMAIN = "registry.example.com"
ADMIN = "admin-password-100%"
pytestmark = [pytest.mark.services, pytest.mark.xdist_group("registry-image")]


@pytest.fixture(scope="module")
def installed():
    """Install by the recipe's words, and take the certificates out by its commands."""
    with _open_folder() as folder:
        site, roots = folder / "site", folder / "global-bundle.pem"
        RECIPE.install(site)
        [line] = [value for value in RECIPE.all("RUN") if value.startswith("python /rds_roots.py")]
        bundle, names, out = shlex.split(line)[2:]
        assert out == "/rds/global-bundle.pem"
        assert names == "/rds-roots.txt"
        assert main([str(site / Path(bundle).relative_to("/site")), str(LIST), str(roots)]) == 0
        yield site, roots


def test_the_certificates_are_roots_of_rds_that_are_valid_for_years(installed):
    cryptography = pytest.importorskip("cryptography.x509")
    found = cryptography.load_pem_x509_certificates(installed[1].read_bytes())
    names = list(listed(LIST.read_text()).values())

    assert [item.subject.rfc4514_string().split("CN=")[1].split(",")[0] for item in found] == names
    for item in found:
        assert item.issuer == item.subject
        item.verify_directly_issued_by(item)
        assert item.extensions.get_extension_for_class(cryptography.BasicConstraints).value.ca
        assert item.not_valid_after_utc.year >= 2061
    regions = {name.split()[2] for name in names}
    assert {"eu-central-1", "us-east-1"} <= regions
    assert len(names) == 3 * len(regions)


def test_a_certificate_that_is_not_listed_is_left_out(tmp_path, installed):
    stranger = Path(Authority("stranger").write(tmp_path / "root.pem")).read_text()
    names = listed(LIST.read_text())

    assert select(stranger + installed[1].read_text(), names) == installed[1].read_text()


def test_a_bundle_without_a_listed_certificate_stops_the_build(tmp_path, installed, capsys):
    short = tmp_path / "short.pem"
    short.write_text(installed[1].read_text().partition("-----END CERTIFICATE-----\n")[2])

    assert main([str(short), str(LIST), str(tmp_path / "out")]) == 1
    assert "got no Amazon RDS af-south-1 Root CA ECC384 G1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["abc Amazon RDS", f"{'a' * 64}", f"{'a' * 64} x\n{'a' * 64} x"])
def test_a_list_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match="list of roots"):
        listed(text)


@pytest.fixture(scope="module")
def world():
    """PostgreSQL, S3, Secrets Manager and SSM, as the task finds them."""
    database = _free()
    cloud = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    cloud.start()
    address = "http://{}:{}".format(*cloud.get_host_and_port())
    try:
        with _open_folder() as folder, postgres(folder, port=database):
            place = {"host": "localhost", "port": database, "user": USER, "password": PASSWORD}
            proof = {"sslmode": "verify-full", "sslrootcert": str(folder / "root.pem")}
            opened = psycopg2.connect(dbname="postgres", **place, **proof)
            opened.autocommit = True
            opened.cursor().execute("CREATE DATABASE mlflow")
            opened.close()
            yield {"folder": folder, "aws": address, "port": database}
    finally:
        cloud.stop()


def prepare(world):
    """Put secrets and parameter where the task definition says; return its container."""
    scope = {"account_id": "123456789012", "region": "eu-west-1", "stack": "dev"}
    text = container_definitions(scope, image="i", domain=DOMAIN, artifacts="artifacts")
    [container] = json.loads(text)
    values = {item["name"]: item["value"] for item in container["environment"]}
    place = {"endpoint_url": world["aws"], "region_name": "eu-west-1"}
    place |= {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    secrets, parameters = boto3.client("secretsmanager", **place), boto3.client("ssm", **place)
    storage = boto3.client("s3", **place)
    # Other tests of the process may have left buckets: moto has one memory for all its servers.
    if "artifacts" not in {bucket["Name"] for bucket in storage.list_buckets()["Buckets"]}:
        here = {"LocationConstraint": "eu-west-1"}
        storage.create_bucket(Bucket="artifacts", CreateBucketConfiguration=here)
    login = {"username": USER, "password": PASSWORD}
    auth = {"username": "admin", "password": ADMIN, "flaskSecretKey": "k" * 32}
    for name, value in {"rds!db-1": login, values["AUTH_SECRET_NAME"]: auth}.items():
        if not secrets.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"]:
            secrets.create_secret(Name=name, SecretString=json.dumps(value))
    database = {"host": "localhost", "port": world["port"], "name": "mlflow"}
    database["secretArn"] = "rds!db-1"
    parameters.put_parameter(
        Name=values["DATABASE_PARAMETER"],
        Value=json.dumps(database),
        Type="SecureString",
        Overwrite=True,
    )
    return container, values


@contextmanager
def started(installed, world, tmp_path):
    """Run the container's entry point; yield the process, its port and its log."""
    container, values = prepare(world)
    port = _free()
    environment = {
        **RECIPE.environment,
        **values,
        "PORT": str(port),
        "MLFLOW_WORKERS": "1",  # four by default: each imports all of MLflow
        "AWS_ENDPOINT_URL": world["aws"],
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    # The image is compiled; here the first process compiles for those after it.
    del environment["PYTHONDONTWRITEBYTECODE"]
    environment["PYTHONPYCACHEPREFIX"] = str(tmp_path / "compiled")
    assert container["entryPoint"] == ["python", "-c"]
    log = tmp_path / "log"
    command = [interpreter(), *container["entryPoint"][1:], *container["command"]]
    roots = world["folder"] / "root.pem"
    sealed = _sealed(installed[0], roots, container["user"])
    if sealed:
        environment["PYTHONPYCACHEPREFIX"] = "/tmp/compiled"  # noqa: S108
    else:
        environment["PATH"] = environment["PATH"].replace(SITE, str(installed[0]))
        environment |= {"PYTHONPATH": str(installed[0]), "DATABASE_ROOT_CA": str(roots)}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*sealed, *command], env=environment, cwd="/", stdout=file, stderr=file
        )
    try:
        yield process, port, log
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_the_server_starts_as_in_the_task_and_lets_only_its_users_in(installed, world, tmp_path):
    with started(installed, world, tmp_path) as running:
        process, port, log = running
        # The balancer asks by address, without a login (`mobile_ai.components.registry.balancer`).
        _ready(f"http://127.0.0.1:{port}/health", process, log)
        search = f"http://127.0.0.1:{port}/api/2.0/mlflow/registered-models/search"
        own = {"Host": DOMAIN}
        assert _ask(search, headers=own)[0] == 401
        assert _ask(search, headers={**own, **_login("admin", "wrong")})[0] == 401
        assert _ask(search, headers={"Host": "evil.example", **_login("admin", ADMIN)})[0] == 403
        admin = {**own, **_login("admin", ADMIN)}
        assert _ask(search, headers=admin)[0] == 200
        made = search.replace("search", "create")
        assert _ask(made, body={"name": "digits"}, headers=admin)[0] == 200
        found = json.loads(_ask(search, headers=admin)[1])
        assert [item["name"] for item in found["registered_models"]] == ["digits"]

        user = f"http://127.0.0.1:{port}/api/2.0/mlflow/users/create"
        guest = {"username": "guest", "password": "guest-password-1"}
        assert _ask(user, body=guest, headers=admin)[0] == 200
        get = f"{search.replace('search', 'get')}?name=digits"
        as_guest = {**own, **_login("guest", "guest-password-1")}
        assert _ask(get, headers=as_guest)[0] == 403  # nobody may do anything unasked

        artifact = f"http://127.0.0.1:{port}/api/2.0/mlflow-artifacts/artifacts/a/b.txt"
        status, _ = _ask(artifact, raw=b"bytes", headers=admin, method="PUT")
        assert status == 200, log.read_text()[-4000:]
        assert _ask(artifact, headers=admin) == (200, b"bytes")
        if os.geteuid() == 0 and sys.platform == "linux":
            assert _users(process.pid) == {10001}
            assert _root_options(process.pid) == {"ro"}


@pytest.mark.parametrize(
    ("roots", "host", "said"),
    [
        ("own", "localhost", "connected"),
        ("rds", "localhost", "certificate verify failed"),
        ("own", "127.0.0.1", "does not match"),
    ],
    ids=["proven", "another authority", "another name"],
)
def test_a_database_is_spoken_to_only_if_it_proves_its_name(installed, world, roots, host, said):
    """By the address that the start makes, with the driver and the SQL library of the image."""
    path = installed[1] if roots == "rds" else world["folder"] / "root.pem"
    database = {"host": host, "port": world["port"], "name": "mlflow"}
    uri = database_uri(database, {"username": USER, "password": PASSWORD}, str(path))
    code = "import sys, sqlalchemy; sqlalchemy.create_engine(sys.argv[1]).connect()"
    done = subprocess.run(
        [interpreter(), "-c", f"{code}; print('connected', file=sys.stderr)", uri],
        env={"PYTHONPATH": str(installed[0])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stderr
    assert ("connected" in done.stderr) is (done.returncode == 0) is (said == "connected")


def _sealed(site: Path, roots: Path, user: str) -> list[str]:
    """A command prefix: the image's paths, a root that is read only, and the task's user.

    Empty where only root could arrange that.
    """
    unshare, setpriv = path_of("unshare"), path_of("setpriv")
    if os.geteuid() or not unshare or not setpriv or interpreter() == sys._base_executable:
        return []
    uid, gid = user.split(":")
    script = f"""set -e
    mount --make-rprivate /
    mount -t tmpfs tmpfs /opt && mkdir -p {SITE} && mount --bind {shlex.quote(str(site))} {SITE}
    cp {shlex.quote(str(roots))} /opt/roots.pem
    mount -t tmpfs tmpfs /etc/ssl && mkdir /etc/ssl/rds
    cp /opt/roots.pem /etc/ssl/rds/global-bundle.pem && chmod -R a+rX /etc/ssl
    mount -o remount,bind,ro {SITE}
    for place in /opt /etc/ssl /; do mount -o remount,ro,bind $place; done
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    exec {setpriv} --reuid {uid} --regid {gid} --clear-groups --bounding-set=-all --no-new-privs \\
      "$@"
    """
    return [unshare, "--mount", "sh", "-c", script, "sh"]


@contextmanager
def _open_folder() -> Iterator[Path]:
    """A folder that other accounts may enter; pytest closes its own at each start of a run."""
    with tempfile.TemporaryDirectory(prefix="mobile-ai-image-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def _users(pid: int) -> set[int]:
    """The accounts of a process and its children."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):
            continue
        if pid in (int(lines["Pid"]), int(lines["PPid"])):
            found |= set(map(int, lines["Uid"].split()))
    return found


def _root_options(pid: int) -> set[str]:
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return {line.split()[5].split(",")[0] for line in lines if line.split()[4] == "/"}


def _login(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _ask(url, *, body=None, raw=None, headers=None, method=None) -> tuple[int, bytes]:
    data = json.dumps(body).encode() if body is not None else raw
    kind = {"Content-Type": "application/json" if body is not None else "text/plain"}
    request = urllib.request.Request(  # noqa: S310
        url, data, {**(headers or {}), **(kind if data else {})}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def _answers(url: str) -> bool:
    try:
        return _ask(url)[0] == 200
    except OSError:
        return False


def _ready(url: str, process, log: Path) -> None:
    def ready():
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        return _answers(url)

    until(ready, seconds=300)


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
