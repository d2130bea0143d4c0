"""Writers of a field, from managedFields as an API server keeps them."""

from typing import Any

import pytest

from mobile_ai.operations.audit.live.fields import Path, author_of


def entry(manager: str, fields: dict[str, Any], hour: int = 1) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Update",
        "time": f"2026-11-24T{hour:02d}:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


OURS, THEIRS = "mobile-ai/p/dev", "kubectl-edit"
CONTAINERS: Path = ("spec", "containers")


def live(*entries: dict[str, Any], **containers: dict[str, Any]) -> dict[str, Any]:
    """Return a pod with containers by name."""
    listed = [{"name": name, **more} for name, more in containers.items()]
    return {"metadata": {"managedFields": list(entries)}, "spec": {"containers": listed}}


def container(name: str, *fields: str) -> dict[str, Any]:
    return {f'k:{{"name":"{name}"}}': {".": {}, **{f"f:{field}": {} for field in fields}}}


def spec(*parts: dict[str, Any]) -> dict[str, Any]:
    together: dict[str, Any] = {}
    for part in parts:
        together |= part
    return {"f:spec": {"f:containers": together}}


def test_the_manager_of_the_field_is_named_and_not_the_one_beside_it() -> None:
    found = author_of(
        live(
            entry(OURS, spec(container("edge", "name")), hour=9),
            entry(THEIRS, spec(container("edge", "image")), hour=3),
            entry("other", spec(container("proxy", "image")), hour=8),
            edge={"image": "x"},
            proxy={"image": "y"},
        ),
        [(*CONTAINERS, 0, "image")],
    )

    assert (found.who, found.when) == (THEIRS, "2026-11-24T03:00:00Z")
    assert found.source == "managedFields, Update"
    assert "a program's name" in found.note


def test_of_several_the_newest_is_named() -> None:
    entries = [
        entry("a", {"f:spec": {"f:paused": {}}}, hour=2),
        entry("b", {"f:spec": {"f:hostNetwork": {}}}, hour=5),
    ]
    pod = {"metadata": {"managedFields": entries}, "spec": {"paused": True, "hostNetwork": True}}

    assert author_of(pod, [("spec", "paused"), ("spec", "hostNetwork")]).who == "b"


def test_a_field_owned_with_its_whole_parent_is_found() -> None:
    pod = {
        "metadata": {"managedFields": [entry(THEIRS, {"f:spec": {"f:selector": {}}})]},
        "spec": {"selector": {"app": "x"}},
    }

    assert author_of(pod, [("spec", "selector", "app")]).who == THEIRS


def test_who_added_an_item_is_named_and_not_who_declared_the_others() -> None:
    pod = live(
        entry(OURS, spec(container("edge", "image")), hour=9),
        entry(THEIRS, spec(container("sidecar", "image")), hour=3),
        edge={},
        sidecar={},
    )

    assert author_of(pod, [CONTAINERS]).who == THEIRS


@pytest.mark.parametrize(
    ("pod", "path"),
    [
        (live(entry(OURS, spec(container("edge", "image"))), edge={}), CONTAINERS),
        (
            live(entry(THEIRS, {"f:metadata": {"f:annotations": {"f:x": {}}}})),
            ("metadata", "annotations", "a.b/c"),
        ),
        (live(entry(OURS, spec(container("edge", "image"))), edge={}), (*CONTAINERS, 0, "ports")),
        ({"metadata": {}}, ("spec",)),
        ({"spec": {"a": 1}}, ("spec", "a")),
    ],
    ids=["item-removed", "key-removed", "field-removed", "nothing-there", "no-record"],
)
def test_what_was_taken_away_has_no_author(pod: dict[str, Any], path: Path) -> None:
    found = author_of(pod, [path])

    assert (found.who, found.when) == ("", "")
    assert str(found).startswith("last changed by not known (managedFields); ")
