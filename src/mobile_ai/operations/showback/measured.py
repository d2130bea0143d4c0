"""A month's usage as telemetry counted it: the weights that allocate shared costs."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.files import read_model
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.owner import CostOwner

_wrong = ShowbackError.advising(
    "write it with `mobile-ai monitor measured`, or see docs/showback.md"
)

_MAX_BYTES: Final = 50_000_000
_Count = Annotated[Decimal, Field(ge=0, le=Decimal(10) ** 18, allow_inf_nan=False)]
_Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Row(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True
    )


class Measured(_Row):
    """Usage of one model version by one ring's devices and endpoints.

    Attributes:
        project: The cost tag of the application.
        team: The cost tag of the application.
        app: The application.
        model: The model.
        version: Its version.
        ring: The ring; empty for what serves all rings.
        delivered_bytes: Sent by the CDN.
        updates: Devices that took this version.
        inferences: Requests answered by edge sites and the cloud, not on devices.
        events: Telemetry events taken in.
        registry_calls: Requests to the model registry.
        active_devices: Devices that reported in the month.
    """

    project: str = ""
    team: str = ""
    app: _Name
    model: str = ""
    version: str = ""
    ring: str = ""
    delivered_bytes: _Count = Decimal(0)
    updates: _Count = Decimal(0)
    inferences: _Count = Decimal(0)
    events: _Count = Decimal(0)
    registry_calls: _Count = Decimal(0)
    active_devices: _Count = Decimal(0)

    @property
    def owner(self) -> CostOwner:
        """Return the cost owner of the row."""
        return CostOwner(
            project=self.project,
            team=self.team,
            app=self.app,
            model=self.model,
            version=self.version,
            ring=self.ring,
        )


class NodeHours(_Row):
    """Nodes of an edge site over the month.

    Attributes:
        site: The site.
        hours: Node-hours: nodes x hours.
        cpu_millis: Of one node.
        memory_mb: Of one node.
        price_usd_per_hour: Of one node.
    """

    site: _Name
    hours: _Count
    cpu_millis: Annotated[_Count, Field(gt=0)]
    memory_mb: Annotated[_Count, Field(gt=0)]
    price_usd_per_hour: _Count


class PodHours(_Row):
    """CPU and memory that the pods of one model version reserved at a site.

    Attributes:
        site: The site.
        app: The application.
        model: The model.
        version: Its version.
        hours: Pod-hours.
        cpu_millis: Requested by one pod.
        memory_mb: Requested by one pod.
    """

    site: _Name
    app: _Name
    model: str = ""
    version: str = ""
    hours: _Count
    cpu_millis: _Count
    memory_mb: _Count


class MeasuredMonth(_Row):
    """Measured usage of one month.

    Attributes:
        month: ``YYYY-MM``.
        rows: By application, model version and ring.
        nodes: Of edge sites.
        pods: On those nodes.
    """

    api_version: Literal["mobile-ai/v1"]
    kind: Literal["MeasuredMonth"]
    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    rows: tuple[Measured, ...] = ()
    nodes: tuple[NodeHours, ...] = ()
    pods: tuple[PodHours, ...] = ()

    def owners(self, app: str = "") -> Sequence[Measured]:
        """Return the rows of an application, or all."""
        return [row for row in self.rows if app in {"", row.app}]


def read_measured(path: Path, *, month: str) -> MeasuredMonth:
    """Return what was measured in a month.

    Raises:
        ShowbackError: The file is missing, has another shape, or is of another month.
    """
    found = read_model(
        MeasuredMonth, path, refused=_wrong, expected="a MeasuredMonth", max_bytes=_MAX_BYTES
    )
    if found.month != month:
        raise _wrong(str(path), f"month {found.month}", f"month {month}")
    return found
