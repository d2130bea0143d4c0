"""Share of invalid AWS values that the stand-in provider refuses at preview.

Every enum, pattern, bound and dependency on an input of dev's and prod's planned resources is
broken once. Constraints come from botocore's models, found by tracing values through the deploying
code, and from CloudFormation's resource schemas. The planned resources themselves must pass.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator

from benchmarks._row import Row
from mobile_ai.sandbox.providers.aws.schemas.checker import checked_against
from tests.sandbox.providers.stub import aws, spec
from tests.tools.value_mutations import Mutation, mutations, planned_resources

__all__ = ["IDS", "rows"]

IDS = ("cloud.values_caught",)


def rows() -> Iterator[Row]:
    """Yield the one row."""
    planned = planned_resources()
    found = list(mutations(planned))
    spec("aws")
    with tempfile.TemporaryDirectory() as cache, aws() as engine:
        os.environ["XDG_CACHE_HOME"] = (
            cache  # of this process: verdicts on wrong values help nobody
        )
        refused = [item.name for item in planned if engine.failures(item.token, item.inputs)]
        missed = [item for item in found if not engine.failures(item.resource.token, item.inputs)]
    yield Row(
        id=IDS[0],
        value=round(100 * (len(found) - len(missed)) / len(found), 2),
        unit="%",
        peer="bar: 95",
        n=len(found),
        note=(
            f"{checked_against()}; {_kinds(found)}; missed: {_kinds(missed) or 'none'}; "
            f"{len(refused)} of {len(planned)} planned resources refused"
        ),
    )


def _kinds(found: list[Mutation]) -> str:
    counted = Counter(item.kind for item in found)
    return ", ".join(f"{count} {kind}" for kind, count in counted.most_common())
