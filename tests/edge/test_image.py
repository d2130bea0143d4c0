"""The image without Docker: its build context, wheels and size, and a server that runs on them.

Not covered: the base image, its libraries, and the build itself.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from benchmarks.edge_swap import _MALLOC
from mobile_ai.components.endpoints.cloud_api import COMMAND
from mobile_ai.components.endpoints.kube_workload import PORT
from mobile_ai.edge.image import ImageError, bill_of_materials, main, stage_image
from tests.edge.models.world import Releases
from tests.waiting import until

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "src/mobile_ai/edge/Dockerfile").read_text()
LOCKED = re.findall(
    r"(?m)^([a-z0-9.-]+)==(\S+)", (ROOT / "src/mobile_ai/edge/requirements.txt").read_text()
)
HEAVY = {
    "tensorflow", "keras", "tf-keras", "mlflow", "pulumi", "pulumi-aws", "pulumi-kubernetes",
    "pulumi-policy", "boto3", "ai-edge-litert", "pandas", "scikit-learn", "moto",
}  # fmt: skip
KEY = re.compile(r"PRIVATE KEY-----\s*[A-Za-z0-9+/]{20}")
# Of wheels, installed and not compiled. onnx is among them: it reads graphs before rows are joined.
MOST_MEGABYTES = 320


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Return a repository with the inputs of an image, and a root in place of a stack's."""
    folder = tmp_path_factory.mktemp("repository")
    for name in (
        "src/mobile_ai/edge",
        "src/mobile_ai/delivery",
        "src/mobile_ai/cli",
        "models/digits",
        "policy-pack/mobile_ai/contracts",
    ):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("policy-pack/stacks.yaml", "policy-pack/trust/dev.yaml", "pyproject.toml"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copyfile(ROOT / "uv.lock", folder / "uv.lock")
    (folder / ".tools").symlink_to(ROOT / ".tools")
    world = Releases(folder / "world")
    root = folder / "releases/dev/metadata/1.root.json"
    root.parent.mkdir(parents=True)
    root.write_bytes(world.root)
    return folder


@pytest.fixture(scope="module")
def staged(repository, tmp_path_factory):
    out = tmp_path_factory.mktemp("context")
    return stage_image(out, stack="dev", model="digits/1.1.0", root=repository)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Install the locked wheels as the image does: only wheels, only the locked bytes."""
    uv = ROOT / ".tools/uv/bin/uv"
    command = str(uv) if uv.exists() else shutil.which("uv")
    if command is None:
        pytest.skip("uv is not here")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            *(command, "pip", "install", "--quiet", "--target", str(folder), "--no-deps"),
            *("--require-hashes", "--only-binary", ":all:", "--python", sys.executable),
            *("--link-mode", "hardlink", "-r", str(ROOT / "src/mobile_ai/edge/requirements.txt")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "hardlink" in done.stderr:  # another file system than uv's cache
        pytest.skip(done.stderr)
    assert not done.returncode, done.stderr
    return folder


def test_the_wheels_are_those_of_a_server_and_no_others(site):
    found = {path.name.partition("-")[0] for path in site.glob("*.dist-info")}
    names = {name.replace("-", "_").replace(".", "_") for name, _ in LOCKED}

    assert {name.lower().replace(".", "_") for name in found} <= names
    assert {"numpy", "onnxruntime", "uvicorn", "tuf"} <= {name.lower() for name in found}
    assert not HEAVY & {name for name, _ in LOCKED}


def test_the_wheels_keep_to_their_budget(site):
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())

    assert size < MOST_MEGABYTES * 1e6, f"{size / 1e6:.0f} MB"


def test_the_bill_of_materials_is_valid_and_names_what_is_locked(staged):
    bom = json.loads((staged / "bom.cdx.json").read_text())
    named = {(item["name"], item["version"]) for item in bom["components"]}

    assert set(LOCKED) <= named
    assert bom == bill_of_materials()
    # The validator takes a minute for the addresses of all wheels: some show the form.
    bom["components"] = [
        {**item, "externalReferences": item.get("externalReferences", [])[:1]}
        for item in bom["components"][:12]
    ]
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(bom)) is None


def test_what_is_staged_has_no_keys_no_build_code_and_no_tests(staged):
    files = {path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()}

    assert {"data/root.json", "data/trust/dev.yaml", "app/mobile_ai/edge/server.py"} <= files
    assert "data/models/digits/1.1.0/manifest.yaml" in files
    assert not any("__pycache__" in file or "testing" in file for file in files)
    rooms = {file.split("/")[1] for file in files if file.startswith("app/")}
    assert {name for name in rooms if "." not in name} == {"mobile_ai"}
    assert not any(KEY.search((staged / file).read_text(errors="ignore")) for file in files)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"stack": "nowhere"}, "expected one of dev, prod"),
        ({"stack": "prod"}, r"prod\.yaml: got no such file"),
        ({"stack": "dev", "model": "digits/9.9.9"}, "name a version as <model>/<version>"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_deleted(repository, tmp_path, arguments, said):
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(ImageError, match=said):
        stage_image(tmp_path, root=repository, **arguments)
    assert (tmp_path / "mine").exists()


def test_the_command_says_a_mistake_in_one_line(capsys):
    assert main(["--stack", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("error: --stack: got 'nowhere'")


def test_the_base_has_a_digest_and_no_default():
    assert re.findall(r"(?m)^ARG (\S+)", DOCKERFILE) == ["PYTHON_IMAGE", "PYTHON_IMAGE"]
    assert set(re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)) == {"${PYTHON_IMAGE}"}
    assert "*@sha256:*) ;;" in DOCKERFILE


def test_the_image_and_the_workload_agree():
    last = DOCKERFILE.rpartition("FROM ")[2]
    command = json.loads(re.search(r"(?m)^CMD (.+)$", last)[1])

    assert json.loads(re.search(r"(?m)^ENTRYPOINT (.+)$", last)[1]) == ["python"]
    assert command[0] == COMMAND[0] == "-m"  # a function gives another command, not entry point
    assert f"EXPOSE {PORT}" in last
    assert f":{PORT}/v2/health/live" in last
    assert "USER 65532:65532" in last


def test_the_image_gives_memory_back_as_it_is_measured():
    for name, value in _MALLOC.items():
        assert f"{name}={value}" in DOCKERFILE


def test_installation_takes_only_locked_wheels():
    [line] = re.findall(r"pip install (?:.|\n)*?requirements\.txt", DOCKERFILE)
    for option in ("--require-hashes", "--only-binary :all:", "--no-deps"):
        assert option in line


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.slow
def test_the_server_runs_on_what_the_image_holds(site, staged, tmp_path, port):
    """Health, one inference and a clean shutdown, with the image's Python path only."""
    start = (  # as the image's command, with the data in another folder
        "import sys; from pathlib import Path; import mobile_ai.edge.settings as s; "
        "s.from_environment.__kwdefaults__['image'] = Path(sys.argv.pop(1)); "
        "import mobile_ai.cli.main; mobile_ai.cli.main.main(sys.argv[1:])"
    )
    place = {"APP": "field-assistant", "MODEL": "digits", "VARIANT": "int8-onnx"}
    place |= {"RING": "general", "SITE": "dublin", "RELEASE_URL": "http://127.0.0.1:9"}
    process = subprocess.Popen(
        # Not this environment's interpreter: it would find modules that the image lacks.
        [
            *(sys._base_executable, "-c", start, str(staged / "data")),
            *("edge", "serve", "--port", str(port)),
        ],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, (staged / "app", site))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MOBILE_AI_CACHE": str(tmp_path / "cache"),
            **{f"MOBILE_AI_{name}": value for name, value in place.items()},
        },
        stderr=(tmp_path / "log").open("wb"),
    )
    try:
        url = f"http://127.0.0.1:{port}/v2"
        assert _wait(f"{url}/health/ready", process)["ready"] is True
        image = np.zeros((1, 28, 28, 1), np.float32)
        one = {"name": "image", "shape": [1, 28, 28, 1], "datatype": "FP32"}
        body = json.dumps({"inputs": [{**one, "data": image.ravel().tolist()}]}).encode()
        request = urllib.request.Request(f"{url}/models/digits/infer", body)  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found = json.load(answer)
        assert (found["model_version"], found["outputs"][0]["shape"]) == ("1.1.0", [1, 10])
        assert _wait(url, process)["version"]
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _wait(url, process):
    def answered():
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310
                return json.load(answer)
        except OSError:
            assert process.poll() is None
            return None

    return until(answered, seconds=120)
