"""`mobile-ai model`: build, search, verify, compare, approve, register and pull model versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from mobile_ai.cli.console import console
from mobile_ai.cli.models.card import card_command
from mobile_ai.cli.models.options import (
    REFUSED,
    EnvironmentName,
    Key,
    Manifest,
    TrustFile,
    answering,
    ask_person,
    environment_of,
    existing,
    trust_of,
)
from mobile_ai.cli.models.progress import progress
from mobile_ai.cli.models.requests import requests_command
from mobile_ai.cli.models.scope import scope_command
from mobile_ai.cli.models.search import search_command
from mobile_ai.cli.options import LONGEST_DAYS, Json
from mobile_ai.cli.uncommitted import note_uncommitted
from mobile_ai.model_build.approve import approve as sign_assessment
from mobile_ai.model_build.approve import ask_assessment, check_role, load_assessment
from mobile_ai.model_build.assemble_recipe import maker
from mobile_ai.model_build.assemble_version import GateFailedError, build_version
from mobile_ai.model_build.ceremony import hold_ceremony, sample_ceremony
from mobile_ai.model_build.compare import (
    candidates_of,
    front,
    on_devices,
    plot_front,
    recommend_variants,
)
from mobile_ai.model_build.device_report import read_device_reports
from mobile_ai.model_build.inspection import InspectionError
from mobile_ai.model_build.pull import DEFAULT_TRACKING_URI, TRACKING_VARIABLE
from mobile_ai.model_build.pull import pull as fetch
from mobile_ai.model_build.register import register_version, stack_pins
from mobile_ai.model_build.source import source_commit
from mobile_ai.model_build.verify import verify_version
from mobile_ai.model_build.writer import WrittenVersion, read_version
from mobile_ai.signing.roles import check_key, signer_from_uri
from mobile_ai.stack.editor import renew_pins
from mobile_ai.stack.reader import read_stack_file, stack_file_name, stack_names

app = typer.Typer(
    no_args_is_help=True,
    help=__doc__,
    epilog="Example: mobile-ai model verify models/digits/1.1.0/manifest.yaml (docs/models.md)",
    rich_markup_mode=None,
)
app.command(name="card")(card_command)
app.command(name="requests")(requests_command)
app.command(name="scope")(scope_command)
app.command(name="search")(search_command)

_err = console(stderr=True)
Models = Annotated[Path, typer.Option("--models", help="Folder of all model versions.")]
TrackingUri = Annotated[
    str, typer.Option(envvar=TRACKING_VARIABLE, help="MLflow tracking server or database.")
]


DeviceReports = Annotated[
    list[Path] | None,
    typer.Option(
        "--device-report",
        help="Signed report of a device lab about a variant; repeatable. Replaces its latency, "
        "memory and energy.",
    ),
]


@app.command()
def build(  # noqa: PLR0917  # typer passes options by name
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as recipes/digits.yaml.")],
    key: Key,
    evaluator_key: Annotated[
        str, typer.Option(help="Signer of the evaluation; must be a different key.")
    ],
    models: Models = Path("models"),
    ship: Annotated[
        list[str] | None, typer.Option(help="Variant to include; repeatable. Default: all.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="Storage URL of artifacts over 1 MB: s3://bucket/models.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DAYS, help="Validity of the evaluation in days.")
    ] = 365,
    device_reports: DeviceReports = None,
    environment: EnvironmentName = None,
    trust: TrustFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Build, optimise and evaluate a recipe, and write the signed version.

    Exit code 1 if a quality gate of the recipe fails; the report is kept, but no manifest.

    Example: mobile-ai model build model-build/recipes/digits.yaml
    --key file2:builder.pem --evaluator-key file2:evaluator.pem
    """
    with answering(GateFailedError), progress() as say:
        trusted = trust_of(environment, trust)
        devices = read_device_reports(device_reports or [], trust=trusted)
        make = maker(recipe, work=_work(recipe), progress=say, devices=devices)
        version = build_version(
            make,
            models=models,
            signers={
                "builder": signer_from_uri(key, role="builder", trust=trusted),
                "evaluator": signer_from_uri(evaluator_key, role="evaluator", trust=trusted),
            },
            lifetime=timedelta(days=days),
            reports=Path("build/reports"),
            ship=tuple(ship or ()),
            commit=source_commit(recipe),
            store=store,
            trust=trusted,
        )
    _show_version(version, as_json=as_json)


@app.command()
def verify(
    manifest: Manifest,
    sha256: Annotated[
        str | None, typer.Option(help="Also check this digest, as pinned in a stack file.")
    ] = None,
    environment: EnvironmentName = None,
    trust: TrustFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Verify digests and signatures of a version offline.

    Exit code 1 if a check fails; every finding names the file or field.

    Example: mobile-ai model verify models/digits/1.1.0/manifest.yaml --environment prod
    """
    with answering():
        found = verify_version(existing(manifest), trust=trust_of(environment, trust), pin=sha256)
    if as_json:
        _print_json(
            {
                "manifest": str(manifest),
                "sha256": found.sha256,
                "ok": found.ok,
                "findings": [{"where": i.where, "problem": i.problem} for i in found.findings],
                "expires": {k: v.isoformat() for k, v in (found.expires or {}).items()},
            }
        )
    else:
        for item in found.findings:
            print(f"{item.where}: {item.problem}")
        for kind, moment in (found.expires or {}).items():
            print(f"{kind} is valid until {moment.date()}")
        print(f"{'verified' if found.ok else 'NOT VERIFIED'}: {manifest} {found.sha256}")
    if not found.ok:
        raise typer.Exit(REFUSED)


@app.command()
def compare(  # noqa: PLR0917  # typer passes options by name
    manifests: Annotated[
        list[Path], typer.Argument(help="One or more manifests, or their folders.")
    ],
    plot: Annotated[Path | None, typer.Option(help="Write a plot (.png or .svg).")] = None,
    max_loss_pt: Annotated[float, typer.Option(help="Maximum quality loss in points.")] = 1.0,
    device_reports: DeviceReports = None,
    environment: EnvironmentName = None,
    trust: TrustFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show the Pareto front of variants, and recommend one per device class.

    A variant is on the front if no other is at least as good in size, latency and quality, and
    better in one of them. Latencies whose intervals overlap are equal, as are those of different
    machines. Signed device reports take the place of what the building machine measured.

    Example: mobile-ai model compare models/digits/1.0.0/manifest.yaml --plot front.png
    """
    with answering():
        candidates = [item for path in manifests for item in candidates_of(existing(path))]
        if device_reports:
            measured = read_device_reports(device_reports, trust=trust_of(environment, trust))
            candidates = on_devices(candidates, measured)
        best = front(candidates)
        advice = recommend_variants(candidates, max_loss_pt=max_loss_pt)
        if plot is not None:
            plot_front(candidates, plot)
    if as_json:
        _print_json(
            {
                "candidates": [item.to_dict() | {"front": item in best} for item in candidates],
                "recommendations": [item.to_dict() for item in advice],
            }
        )
        return
    table = Table("variant", "bytes", "p50 ms", "energy mJ", "quality", "front")
    for item in candidates:
        table.add_row(*item.cells(), "yes" if item in best else "")
    console().print(table)
    for choice in advice:
        print(f"{choice.device_class}: {choice.variant or 'none'} ({choice.reason})")


@app.command()
def approve(  # noqa: PLR0917  # typer passes options by name
    manifest: Manifest,
    key: Key,
    role: Annotated[str, typer.Option(help="Role that signs.")] = "ethics-reviewer",
    questionnaire: Annotated[
        Path | None, typer.Option(help="Answers as YAML; default: interactive prompts.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DAYS, help="Validity of the assessment in days.")
    ] = 365,
    environment: EnvironmentName = None,
    trust: TrustFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Answer the impact questionnaire for a version and sign it.

    The assessment is added to the manifest, so the manifest's digest changes. The key must be one
    that the trust gives the role; files of the version that are not committed are named.

    Example: mobile-ai model approve models/digits/1.1.0/manifest.yaml
    --key awskms:alias/ethics-reviewer --questionnaire answers.yaml
    """
    with answering():
        check_role(role)
        version = read_version(manifest.parent)
        trusted = trust_of(environment, trust)
        signer = signer_from_uri(key, role=role, trust=trusted)
        check_key(signer.public_key, role=role, trust=trusted)
        answers = (
            load_assessment(questionnaire)
            if questionnaire
            else ask_assessment(version.manifest, ask=ask_person)
        )
        note_uncommitted(manifest.parent)
        now = datetime.now(UTC).replace(microsecond=0)
        signed = sign_assessment(
            manifest.parent,
            answers,
            signer=signer,
            expires=now + timedelta(days=days),
            now=now,
            trust=trusted,
            role=role,
        )
    _show_version(signed, as_json=as_json)


@app.command()
def register(  # noqa: PLR0917  # typer passes options by name
    manifest: Manifest,
    tracking_uri: TrackingUri = DEFAULT_TRACKING_URI,
    stack_files: Annotated[
        list[Path] | None, typer.Option("--stack-file", help="Stack files that define aliases.")
    ] = None,
    environment: EnvironmentName = None,
    trust: TrustFile = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Register a verified version, its metrics and evidence in an MLflow registry.

    Registering the same digest again only updates the aliases, which follow the stack files:
    one alias per stack that pins the version.

    Example: mobile-ai model register models/digits/1.1.0/manifest.yaml
    --tracking-uri https://mlflow.example.com --stack-file Pulumi.prod.yaml
    """
    with answering():
        files = (
            stack_files
            if stack_files is not None
            else [Path(stack_file_name(stack)) for stack in stack_names(Path())]
        )
        done = register_version(
            manifest,
            trust=trust_of(environment, trust),
            tracking_uri=tracking_uri,
            pins=stack_pins(files),
        )
    if as_json:
        _print_json(done.to_dict())
    else:
        state = "registered" if done.created else "was registered already"
        print(f"{done.model} version {done.number} {state}; aliases {list(done.aliases) or 'none'}")


@app.command()
def pull(
    source: Annotated[str, typer.Argument(help="models:/name/version, or a file.")],
    to: Annotated[Path, typer.Option(help="Folder to pull into.")] = Path("build/pulled"),
    sha256: Annotated[str | None, typer.Option(help="Expected digest of the file.")] = None,
    tracking_uri: TrackingUri = DEFAULT_TRACKING_URI,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Fetch a model to a local folder and inspect it before it is loaded.

    Example: mobile-ai model pull models:/digits/1 --to build/pulled
    """
    with answering(InspectionError):
        files = fetch(source, to=to, sha256=sha256, tracking_uri=tracking_uri)
    if as_json:
        _print_json([item.to_dict() for item in files])
    else:
        for item in files:
            print(f"{item.sha256}  {item.format:7} {item.path}")


@app.command()
def samples(
    anchors: Annotated[
        list[str] | None,
        typer.Option(
            "--anchor",
            help="Environment whose trust file is rewritten; repeatable. Default: as --environment "
            "of the other commands.",
        ),
    ] = None,
    models: Models = Path("models"),
    pin: Annotated[
        list[Path] | None, typer.Option("--pin", help="Stack file whose pins are updated.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Build the sample models and sign them with new keys that are then destroyed.

    Only the trust files named by --anchor are written; other environments no longer verify the
    samples. Takes a few minutes.

    Example: mobile-ai model samples --anchor dev --pin Pulumi.dev.yaml
    """
    with answering(), progress() as say:
        for file in map(read_stack_file, pin or []):
            _ = file.settings  # refused before minutes of building
        names = tuple(anchors or [environment_of(None)[0]])
        plan = sample_ceremony(Path(), anchors=names, models=models, say=say)
        outcome = hold_ceremony(plan, now=datetime.now(UTC).replace(microsecond=0), progress=say)
        digests = {
            (item.folder / "manifest.yaml").as_posix(): item.sha256 for item in outcome.versions
        }
        renewed = sum(renew_pins(path, digests) for path in pin or [])
    if as_json:
        _print_json({"pins": digests, "renewed": renewed, "trust": [*map(str, outcome.trust)]})
        return
    for path, digest in digests.items():
        print(f"{digest}  {path}")
    for written in (*outcome.trust, *outcome.records):
        print(f"wrote {written}")
    print(f"renewed {renewed} pins")


def _work(recipe: Path) -> Path:
    return Path("build/model") / recipe.stem


def _show_version(version: WrittenVersion, *, as_json: bool) -> None:
    path = (version.folder / "manifest.yaml").as_posix()
    if as_json:
        _print_json({"manifest": path, "sha256": version.sha256, "changed": version.changed})
        return
    state = "wrote" if version.changed else "unchanged"
    print(f"{state} {path}\nsha256: {version.sha256}")


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))
