"""Edits that a site's life brings: of a stack file, and of objects directly."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from tests.sandbox.kubernetes.agreement import Driver, Objects, objects_of, program

__all__ = ["OF_OBJECTS", "OF_STACKS", "answers"]

_DIGEST: Final = "sha256:" + "5" * 64


def _edge(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for deployment in values["deployments"]:
        yield from (one for one in deployment["placement"] if one["target"] == "edge")


def image(values: dict[str, Any]) -> None:
    index = values["images"]["edge"]["index"]
    values["images"]["edge"]["index"] = f"{index.split('@')[0]}@{_DIGEST}"


def replicas(values: dict[str, Any]) -> None:
    for placement in _edge(values):
        placement["replicas"]["max"] += 1


def namespace(values: dict[str, Any]) -> None:
    for site in values["sites"]:
        site["namespace"] = "models"


def label(values: dict[str, Any]) -> None:
    values["owner"]["costCenter"] = "cc-2000"


def quota(values: dict[str, Any]) -> None:
    for site in values["sites"]:
        site["quota"]["pods"] += 5


def gateway(values: dict[str, Any]) -> None:
    for site in values["sites"]:
        site["gateway"]["domain"] = f"{site['name']}.example.org"


def new_site(values: dict[str, Any]) -> None:
    values["sites"].append({**deepcopy(values["sites"][0]), "name": "extra"})


def removed_site(values: dict[str, Any]) -> None:
    gone = values["sites"].pop()["name"]
    for deployment in values["deployments"]:
        placements = deployment["placement"]
        deployment["placement"] = [one for one in placements if one.get("site") != gone]


def rate(values: dict[str, Any]) -> None:
    for placement in _edge(values):
        placement["ratePerSecond"] = 7


def cache(values: dict[str, Any]) -> None:
    for site in values["sites"]:
        site["cache"] = {"storageClass": "other", "sizeGb": 2}


OF_STACKS: Final[dict[str, Callable[[dict[str, Any]], None]]] = {
    "another image": image,
    "more replicas": replicas,
    "namespace renamed": namespace,
    "another label": label,
    "another quota": quota,
    "another gateway domain": gateway,
    "a new site": new_site,
    "a site removed": removed_site,
    "another rate in a config map": rate,
    "another storage class": cache,
}
"""By name; each changes the values of a stack file, by key without the namespace."""


def _changed(objects: Objects, kind: str, change: Callable[[dict[str, Any]], None]) -> Objects:
    copy = deepcopy(dict(objects))
    for token, inputs in copy.values():
        if token.endswith(f":{kind}"):
            change(inputs)
    return copy


def _selector(inputs: dict[str, Any]) -> None:
    inputs["spec"]["selector"]["matchLabels"]["generation"] = "two"
    inputs["spec"]["template"]["metadata"]["labels"]["generation"] = "two"


def _immutable(inputs: dict[str, Any]) -> None:
    inputs["immutable"] = True
    inputs["data"] = {"throttle.json": "{}"}


def _annotation(inputs: dict[str, Any]) -> None:
    inputs["metadata"]["annotations"] = {"example.com/checked": "true"}


def _no_labels(inputs: dict[str, Any]) -> None:
    del inputs["metadata"]["labels"]


def _two_ports(inputs: dict[str, Any]) -> None:
    port = {"name": "more", "port": 81.0, "targetPort": "http", "protocol": "TCP"}
    inputs["spec"]["ports"].append(port)


def _notation(inputs: dict[str, Any]) -> None:
    wanted = {"cpu": "1000m", "memory": "1.5Gi", "ephemeral-storage": "2048Mi"}
    for container in inputs["spec"]["template"]["spec"]["containers"]:
        container["resources"] = {"requests": wanted, "limits": {**wanted, "memory": "3221225472"}}


OF_OBJECTS: Final[dict[str, Callable[[Objects], Objects]]] = {
    "an immutable selector": lambda all_: _changed(all_, "Deployment", _selector),
    "data of an immutable config map": lambda all_: _changed(all_, "ConfigMap", _immutable),
    "an annotation more": lambda all_: _changed(all_, "Service", _annotation),
    "labels taken away": lambda all_: _changed(all_, "NetworkPolicy", _no_labels),
    "quantities in other notations": lambda all_: _changed(all_, "Deployment", _notation),
    "an item more in a list": lambda all_: _changed(all_, "Service", _two_ports),
}
"""By name; each changes objects that a program declared."""


def answers(repository: Path, stack: str, real: Driver, ours: Driver) -> Iterator[tuple[str, bool]]:
    """Deploy a stack with both and ask both for every edit; yield each answer and if it is equal.

    Args:
        repository: With the program and the stack's file.
        stack: Its name.
        real: Holds nothing yet.
        ours: Holds nothing yet.
    """
    objects = objects_of(program(repository, stack))
    for driver in (real, ours):
        driver.create_all(objects)
    for urn, held in real.held.items():
        yield (
            f"{stack}: {urn}",
            (held.id, held.inputs) == (ours.held[urn].id, ours.held[urn].inputs),
        )
    wanted = {"no edit": objects}
    for name, of_stack in OF_STACKS.items():
        wanted[name] = objects_of(program(repository, stack, of_stack))
    wanted |= {name: of_objects(objects) for name, of_objects in OF_OBJECTS.items()}
    for name, edited in wanted.items():
        said = ours.plan(edited)
        for urn, operation in real.plan(edited).items():
            yield f"{stack}, {name}: {urn}", said.get(urn) == operation
