"""`mobile-ai policy`: compile and test the Rego modules of a policy pack."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Json
from mobile_ai.contracts.printable import printable, printable_lines

app = typer.Typer(
    no_args_is_help=True,
    help=__doc__,
    epilog="Example: mobile-ai policy test (docs/adding-a-rule.md)",
    rich_markup_mode=None,
)

Pack = Annotated[Path, typer.Option("--pack", help="Folder of the policy pack.")]
_FAILED = 1


@app.command()
def build(as_json: Json = False) -> None:  # noqa: FBT002
    """Build the program that evaluates Rego modules, unless it is built, and print its path.

    It is OPA's Go module behind a few hundred lines; it needs Go once for each version and user.

    Example: mobile-ai policy build
    """
    from mobile_ai.gobuild.errors import GoBuildError  # noqa: PLC0415  each command loads its own part only
    from mobile_ai.gobuild.progress import shown  # noqa: PLC0415
    from mobile_ai.governance.opa.recipe import build_evaluator  # noqa: PLC0415

    with answering(GoBuildError), shown() as progress:
        program = build_evaluator(progress=progress)
    print(json.dumps({"program": str(program)}) if as_json else program)


@app.command()
def check(pack: Pack = Path("policy-pack"), as_json: Json = False) -> None:  # noqa: FBT002
    """Compile every module of rego/ as the pack does, and list what is wrong with them.

    Exit 0 nothing, 1 problems, 2 could not be compiled.

    Example: mobile-ai policy check --json
    """
    from mobile_ai.governance.rego import shared_rego  # noqa: PLC0415
    from mobile_ai.governance.stack_policy import load_rego  # noqa: PLC0415

    modules = load_rego(pack)
    problems = shared_rego().problems(modules) if modules else ()
    if as_json:
        print(json.dumps({"modules": [*modules], "problems": [asdict(one) for one in problems]}))
    else:
        for problem in problems:
            print(printable(str(problem)), file=sys.stderr)
        print(f"{len(modules)} modules, {len(problems)} problems")
    if problems:
        raise typer.Exit(_FAILED)


@app.command(name="test")
def run_tests(
    pack: Pack = Path("policy-pack"),
    python: Annotated[
        list[Path] | None,
        typer.Option("--python", help="File or folder of Python tests of rules; repeatable."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Run the pack's tests in Rego (rego/*_test.rego) and tests in Python, with coverage.

    Exit 0 all passed, 1 some failed, 2 could not be run. Coverage of Python tests is that of the
    built-in rules, where the package `coverage` is installed.

    Example: mobile-ai policy test --python tests/governance/rules/test_rego.py
    """
    from mobile_ai.gate.errors import GateError  # noqa: PLC0415
    from mobile_ai.gate.policy_tests import run_policy_tests  # noqa: PLC0415

    with answering(GateError):
        found = run_policy_tests(pack, python or [])
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        for one in found.failed:
            told = f"{one.place} {one.name}: {one.outcome}{': ' * bool(one.message)}{one.message}"
            print(printable_lines(told), file=sys.stderr)
        for file in found.coverage:
            rows = f"; not reached: {', '.join(map(str, file.rows))}" if file.rows else ""
            print(printable(f"{file.file}: {file.covered} lines reached{rows}"))
        print(f"{len(found.tests)} tests, {len(found.failed)} failed")
    if found.failed:
        raise typer.Exit(_FAILED)
