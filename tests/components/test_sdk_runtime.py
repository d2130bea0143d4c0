"""The program waits for its registrations in one step, and sends no debug messages unasked."""

import pulumi
import pytest
from pulumi.runtime.settings import SETTINGS, _get_rpc_manager

from mobile_ai.components.plan.sdk_runtime import drop_debug_messages, registered
from tests.components.support import Engine, declare, run_stack

NAMES = ("a", "b", "c")


class Part(pulumi.ComponentResource):
    """A component that takes long to register."""

    TYPE = "test:index:Part"

    def __init__(self, name: str) -> None:
        super().__init__(self.TYPE, name, {}, None)


@pytest.fixture(autouse=True)
def debug_messages(monkeypatch):
    """Collect debug messages; what a test puts in their place is undone."""
    sent = []
    monkeypatch.setattr(pulumi.log, "debug", sent.append)
    return sent


def test_all_resources_are_registered_when_the_wait_ends():
    seen = []

    async def program():
        made = [Part(name) for name in NAMES]
        await registered(made)
        seen.extend(await pulumi.Output.all(*(item.urn for item in made)).future())

    engine = declare(program, slow=frozenset({Part.TYPE}))
    assert sorted(item.name for item in engine.registered) == list(NAMES)
    assert len(seen) == len(NAMES)


def test_a_failed_registration_is_reported_as_without_the_wait(monkeypatch):
    register = Engine.RegisterResource

    def refuse(engine, request):
        if request.type == Part.TYPE:
            raise ValueError("refused by the provider")
        return register(engine, request)

    async def waiting():
        await registered([Part("a"), Part("b")])

    def returning():
        Part("a")

    monkeypatch.setattr(Engine, "RegisterResource", refuse)
    for program in (waiting, returning):
        with pytest.raises(ValueError, match="refused by the provider"):
            declare(program)
        # The SDK keeps the error for the next program.
        SETTINGS.outputs.clear()
        _get_rpc_manager().clear()


@pytest.mark.parametrize(("environment", "sent"), [({}, 0), ({"MOBILE_AI_DEBUG": "1"}, 1)])
def test_debug_messages_are_sent_when_asked_for(environment, sent, debug_messages):
    drop_debug_messages(environment)
    pulumi.log.debug("resource registration prepared")
    assert len(debug_messages) == sent


def test_the_program_waits_for_what_it_declared(repository, monkeypatch):
    waits = []
    monkeypatch.setattr(pulumi, "run", waits.append)
    engine = run_stack(repository, "dev")
    (wait,) = waits
    assert wait.func is registered
    assert len(*wait.args) == len(engine.registered)
