"""Write every file that is generated from another; tests fail when one is out of date.

Run it as ``make docs``. Each entry of ``GENERATED`` maps a file to the function that
returns its text, so the test and the writer cannot disagree.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.manifest import API_VERSIONS, manifest_schema
from mobile_ai.contracts.roots import roots_schema
from mobile_ai.contracts.telemetry import event_schema
from mobile_ai.edge.image import uv_program
from mobile_ai.operations.evidence.document import document_schema
from mobile_ai.operations.monitor.finding import finding_schema
from mobile_ai.pricing.declared import declared_schema
from mobile_ai.sandbox.providers.aws.types_page import types_page
from mobile_ai.signing.schemas import modelled_types, record_schema
from mobile_ai.signing.trust.people_file import people_schema
from mobile_ai.stack.settings import settings_schema
from tests.tools.authorization import authorization_text
from tests.tools.edge_settings_page import settings_page
from tests.tools.evidence_page import evidence_page
from tests.tools.manifest_page import manifest_page
from tests.tools.policies_page import policies_page, schema_text
from tests.tools.prices_page import cost_page
from tests.tools.records_page import records_page
from tests.tools.rego_input_page import rules_guide
from tests.tools.rooms_table import architecture_page
from tests.tools.types_in_use import aws_types_in_use

__all__ = ["GENERATED", "main"]

ROOT: Final = Path(__file__).parents[2]


def export_requirements(*selection: str) -> str:
    """Return pinned, hashed requirements for a selection of the lock, offline."""
    command = [
        uv_program(ROOT),
        "export",
        "--frozen",
        "--offline",
        "--quiet",
        "--no-header",
        "--no-emit-project",
    ]
    result = subprocess.run(
        [*command, "--no-annotate", *selection],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return (
        "# Exported from uv.lock by `make docs`; edit pyproject.toml, not this file.\n"
        + result.stdout
    )


def schema(of: Callable[[], dict[str, Any]]) -> str:
    """Return a JSON Schema as text."""
    return json.dumps(of(), indent=2, sort_keys=True) + "\n"


GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    "requirements.txt": partial(export_requirements, "--no-dev", "--extra", "gate"),
    "model-build/requirements.txt": partial(export_requirements, "--no-dev", "--extra", "build"),
    "src/mobile_ai/edge/requirements.txt": partial(
        export_requirements, "--no-dev", "--extra", "edge"
    ),
    "components/mobile_ai/components/registry/image/requirements.txt": partial(
        export_requirements, "--only-group", "mlflow-image"
    ),
    "policy-pack/requirements.txt": partial(
        # The pack has no command line.
        *(export_requirements, "--no-dev", "--extra", "policy-pack"),
        *("--prune", "typer", "--prune", "rich", "--prune", "ruamel-yaml"),
    ),
    "docs/adding-a-rule.md": rules_guide,
    "docs/architecture.md": architecture_page,
    "docs/cost.md": cost_page,
    "docs/edge-settings.md": settings_page,
    "docs/evidence.md": evidence_page,
    "docs/policies.md": policies_page,
    "docs/sandbox-types.md": lambda: types_page(aws_types_in_use()),
    "docs/manifest.md": manifest_page,
    "docs/schemas/declared-prices.json": partial(schema, declared_schema),
    "docs/schemas/manifest.schema.json": partial(schema, manifest_schema),
    "docs/schemas/manifest-v1.schema.json": partial(
        schema, partial(manifest_schema, API_VERSIONS[0])
    ),
    "docs/schemas/settings.schema.json": partial(schema, settings_schema),
    "docs/schemas/roots.schema.json": partial(schema, roots_schema),
    "docs/schemas/people.schema.json": partial(schema, people_schema),
    **{
        f"docs/schemas/records/{name}.schema.json": partial(schema, partial(record_schema, name))
        for name in modelled_types()
    },
    "docs/records.md": lambda: records_page(ROOT / "docs" / "records.md"),
    "docs/schemas/finding.json": partial(schema, finding_schema),
    "docs/schemas/technical-documentation.schema.json": partial(schema, document_schema),
    "docs/schemas/telemetry-event.json": partial(schema, event_schema),
    "src/mobile_ai/operations/bootstrap/authorization.json": authorization_text,
    "policy-pack/config/schema.json": schema_text,
}


def main() -> None:
    """Write each generated file that changed, and say so."""
    for name, text in GENERATED.items():
        path = ROOT / name
        content = text()
        if not path.exists() or path.read_text() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
