"""The server conforms to its OpenAPI description for arbitrary requests."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from mobile_ai.edge.openapi import document
from tests.edge.server_world import VERSION, Running

load_all_checks()
# A request may follow the description and still not fit a model: the description is of all models.
EXCLUDED = [positive_data_acceptance]
SLOW = settings(suppress_health_check=list(HealthCheck), deadline=None)


def of_these_models() -> dict[str, Any]:
    """Return the description with the names of the served models: others would all give 404."""
    described = document()
    for path in described["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                names = {"model": ["mlp", "echo-int8", "none"], "version": [VERSION, "9"]}
                parameter["schema"] = {"type": "string", "enum": names[parameter["name"]]}
    return described


schema = schemathesis.openapi.from_dict(of_these_models())


@schema.parametrize()
@settings(SLOW, max_examples=40)
def test_answers_follow_the_description(running: Running, case: Any) -> None:
    case.call_and_validate(base_url=f"http://127.0.0.1:{running.port}", excluded_checks=EXCLUDED)


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
@schema.parametrize()
@settings(SLOW, max_examples=8000)
def test_answers_follow_the_description_at_length(running: Running, case: Any) -> None:
    case.call_and_validate(base_url=f"http://127.0.0.1:{running.port}", excluded_checks=EXCLUDED)
