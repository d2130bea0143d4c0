"""The configuration of a running stack stops the program where it cannot be used."""

from pathlib import Path

import pytest
from pulumi import RunError
from pulumi.runtime import set_all_config, set_mocks

from mobile_ai.components.plan.configuration import read_stack
from mobile_ai.contracts.printable import printable
from tests.components.support import Engine


def test_the_program_is_stopped_with_the_message_alone(shared_repository: Path) -> None:
    engine = Engine(preview=True)
    set_mocks(engine.mocks, project="mobile-ai", stack="dev", preview=True, monitor=engine)
    set_all_config({"mobile-ai:environment": "dev", "mobile-ai:unknown": "1"})

    with pytest.raises(RunError, match="mobile-ai:unknown: got an unknown key"):
        read_stack(shared_repository)


@pytest.mark.parametrize(
    "key", ["aws:endpoints", "pulumi:tags", "mobile-ai:x\n::add-mask::y", "mobile-ai:a.b"]
)
def test_configuration_of_another_namespace_stops_the_program(
    shared_repository: Path, key: str
) -> None:
    engine = Engine(preview=True)
    set_mocks(engine.mocks, project="mobile-ai", stack="dev", preview=True, monitor=engine)
    set_all_config({"mobile-ai:environment": "dev", key: "1"})

    with pytest.raises(RunError) as caught:
        read_stack(shared_repository)

    told = f"{key}: got a key of the configuration; expected one of the namespace"
    assert printable(told) in str(caught.value)
