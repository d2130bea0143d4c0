"""Every image that a stack file pins has a recipe, and every recipe keeps the same promises."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from mobile_ai.components.registry.plan import SERVER_PORT, container_definitions
from mobile_ai.operations.bootstrap.account import _REPOSITORIES
from mobile_ai.stack.settings_platform import Images
from tests.images.recipe import ROOT, Recipe, recipes

RECIPES = {
    "edge": Recipe(ROOT / "src/mobile_ai/edge/Dockerfile"),
    "mlflow": Recipe(ROOT / "components/mobile_ai/components/registry/image/Dockerfile"),
}
every = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


def test_each_pinned_image_has_a_recipe_and_a_repository_and_no_other_has():
    assert set(RECIPES) == set(Images.model_fields)
    assert {recipe.path for recipe in RECIPES.values()} == set(recipes())
    assert {f"mobile-ai/{name}" for name in RECIPES} == set(_REPOSITORIES)


@every
def test_the_base_is_a_digest_that_is_given_and_checked(recipe):
    assert recipe.all("ARG") == ["PYTHON_IMAGE", "PYTHON_IMAGE"]  # without a default
    assert [value.split()[0] for value in recipe.all("FROM")] == ["${PYTHON_IMAGE}"] * 2
    assert '*@sha256:*) ;; *) echo "PYTHON_IMAGE' in recipe.all("RUN")[0]
    assert "exit 1" in recipe.all("RUN")[0]


@every
def test_what_runs_is_no_root_and_has_no_installer(recipe):
    keywords = [item.keyword for item in recipe.instructions]
    [user] = recipe.all("USER", last_stage=True)

    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user)
    # Nothing is done as root after it, so nothing in the image belongs to the user by accident.
    assert not set(keywords[keywords.index("USER") :]) & {"RUN", "COPY", "ADD"}
    assert "/usr/local/bin/pip*" in recipe.all("RUN", last_stage=True)[0]


@every
def test_nothing_comes_from_anywhere_but_the_context_and_the_locked_wheels(recipe):
    assert not recipe.all("ADD")
    for source in recipe.all("COPY"):
        assert source.startswith("--from=wheels ") or "://" not in source
    for line in recipe.all("RUN"):
        assert not re.search(r"\b(curl|wget|apt|apt-get|git|npm)\b|https?://", line)
    assert recipe.pip.count("-r") == 1
    assert {"--require-hashes", "--no-deps"} < set(recipe.pip)
    assert recipe.pip[recipe.pip.index("--only-binary") + 1] == ":all:"


@every
def test_the_entry_point_is_no_shell(recipe):
    assert recipe.command[0] == "python"


@every
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_wheel_is_to_be_had_for_the_base_s_python(recipe, machine):
    """From the lock, so that a build on the other architecture fails here first."""
    lock = {
        (item["name"], item["version"]): item.get("wheels", [])
        for item in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    text = re.sub(r" \\\n\s+--hash=\S+", "", recipe.requirements.read_text())
    wanted = [Requirement(line) for line in text.splitlines() if line[0] != "#"]
    here = {"python_version": "3.11", "python_full_version": "3.11.9", "sys_platform": "linux"}
    here |= {"platform_machine": machine, "implementation_name": "cpython"}
    missing = [
        str(item)
        for item in wanted
        if (not item.marker or item.marker.evaluate(here))
        and not any(
            _fits(wheel["url"].rpartition("/")[2], machine)
            for wheel in lock[item.name, str(item.specifier).removeprefix("==")]
        )
    ]
    assert len(wanted) > 30
    assert not missing


def test_the_task_definition_and_the_registry_s_image_agree():
    recipe, scope = RECIPES["mlflow"], {"stack": "dev", "account_id": "1" * 12}
    text = container_definitions(
        {**scope, "region": "eu-west-1"}, image="i", domain="d.example", artifacts="a"
    )
    assert f'"user": "{recipe.all("USER")[0]}"' in text
    assert recipe.all("EXPOSE") == [str(SERVER_PORT)]
    assert '"entryPoint": ["python", "-c"]' in text
    [copied] = [value.split()[-1] for value in recipe.all("COPY") if " /rds " in value]
    assert f'"value": "{copied}/global-bundle.pem"' in text


def _fits(filename: str, machine: str) -> bool:
    """Return whether CPython 3.11 accepts the wheel on Debian 12, whose glibc is 2.36."""
    for tag in parse_wheel_filename(filename)[3]:
        python = tag.interpreter in {"py3", "cp311"} or (
            tag.abi == "abi3" and int(tag.interpreter.removeprefix("cp3")) <= 11
        )
        abi = tag.abi in {"none", "abi3", "cp311"}
        glibc = re.fullmatch(rf"manylinux(?:_2_(\d+)|1|2010|2014)_{machine}", tag.platform)
        if python and abi and (tag.platform == "any" or (glibc and int(glibc[1] or 17) <= 36)):
            return True
    return False
