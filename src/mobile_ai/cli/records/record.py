"""`mobile-ai record`: draft, sign, verify and list signed records."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import LONGEST_DAYS, Json, Repository
from mobile_ai.cli.questions import ask
from mobile_ai.contracts.predicates import LIFT, PredicateType, type_named
from mobile_ai.contracts.printable import printable
from mobile_ai.contracts.trust import Trust
from mobile_ai.signing.compose import Answers, ask_values, composed
from mobile_ai.signing.drafts import check_fit, commented, draft_of, draft_text, row_named
from mobile_ai.signing.files import write_files
from mobile_ai.signing.records import (
    environment_of,
    read_draft_or_staged,
    sign_record,
    trust_for,
)
from mobile_ai.signing.roles import signer_from_uri
from mobile_ai.signing.states import RecordState, Unfit, file_state, list_records
from mobile_ai.stack.listed import find_environment, find_stack

app = typer.Typer(
    no_args_is_help=True,
    help=__doc__,
    epilog="Example: mobile-ai record list (docs/records.md)",
    rich_markup_mode=None,
)
_REFUSED: Final = 1  # negative result: a record does not count
_PAIR: Final = 2
Role = Annotated[str, typer.Option(help="Role that signs, where several may sign the type.")]


@app.command()
def new(  # noqa: PLR0917  # typer passes options by name
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="Such as waiver, usage or freeze.")],
    scope: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="Stack, or environment, that it is for. Default: the only one, or the only one "
            "of class development.",
        ),
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE of the predicate; repeatable.")
    ] = None,
    subjects: Annotated[
        list[str] | None, typer.Option("--subject", help="NAME=SHA256 that it is about.")
    ] = None,
    role: Role = "",
    name: Annotated[str, typer.Option(help="Name of the record's file, without suffix.")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=LONGEST_DAYS, help="Days until it expires.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Draft to write. Default: build/records/TYPE.yaml")
    ] = None,
    root_dir: Repository = Path(),
) -> None:
    """Write a draft of a record from --set values, from answers, or with fields to fill in.

    On a terminal it asks for what is missing. Elsewhere, without --set, the draft names every
    field in a comment. Nothing is signed; an existing draft is not written over.

    Example: mobile-ai record new freeze --for prod --role operations --days 3
    --set "reason=holiday season"
    """
    now = _now()
    known = type_named(kind)
    if known is not None and known.uri == LIFT:
        _request_lift(root_dir, find_stack(root_dir, scope), _pairs(sets or []))
        return
    row = row_named(kind)
    scope = scope or _scope_of(row, root_dir)
    path = out or Path("build/records") / f"{row.name}.yaml"
    values = _pairs(sets or [])
    if not values and not sys.stdin.isatty():
        place = f"{row.folder}/{name or 'TODO'}.yaml".format(stack=scope, environment=scope)
        write_files({path: commented(row, path=place, now=now)})
        print(f"wrote {path}: fill in what says TODO, then mobile-ai record sign {path} --key ...")
        return
    if sys.stdin.isatty():
        values = ask_values(row, values, ask=_ask)
    answers = Answers(
        scope=scope,
        values=values,
        role=role,
        name=name,
        subjects=list(_pairs(subjects or []).items()),
        days=days,
    )
    value = composed(row, answers, now=now)
    draft = draft_of(value, name=path.name)
    environment_of(draft, root_dir)
    check_fit(draft, _unfit(), name=path.name)
    write_files({path: draft_text(row, value)})
    print(f"wrote {path}; next, as {draft.role}: mobile-ai record sign {path} --key ...")


@app.command()
def sign(  # noqa: PLR0917  # typer passes options by name
    draft: Annotated[Path, typer.Argument(help="A draft, or a staged record.")],
    keys: Annotated[
        list[str], typer.Option("--key", help="Signer: file2:PATH or awskms:KEY; repeatable.")
    ],
    environment: Annotated[
        str, typer.Option("--environment", "-e", help="Environment that the record must be for.")
    ] = "",
    role: Role = "",
    root_dir: Repository = Path(),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Sign a draft into its place, after checking everything.

    Where the role needs more signatures, the record is staged and does not count until the last
    one signs the staged file.

    Example: mobile-ai record sign build/records/waiver.yaml --key awskms:alias/security
    """
    now = _now()
    asked = read_draft_or_staged(draft, root_dir, role=role)
    check_fit(asked, _unfit(), name=draft.name)
    found = environment_of(asked, root_dir)
    if environment and found not in {"", environment}:
        raise UserError(
            f"{draft}: got a record of {found}; expected one of {environment}. "
            "Next: name it with `mobile-ai record sign --environment`; nothing was written."
        )
    trust = trust_for(found or environment, root_dir, now=now)
    signers = [signer_from_uri(key, role=asked.role, trust=trust) for key in keys]
    done = sign_record(asked, signers, trust=trust, root=root_dir, now=now)
    if done.dropped:
        print(
            f"{done.dropped} of the signatures that were there do not count for this content and "
            "are left out: compare it with what was signed",
            file=sys.stderr,
        )
    if as_json:
        value = {"path": str(done.path), "complete": done.complete, "changed": done.changed}
        print(json.dumps({**value, "signatures": done.signatures, "threshold": done.threshold}))
    elif done.complete:
        later = f" from {done.starts.date()}" if done.starts and done.starts > now else ""
        state = "wrote" if done.changed else "unchanged"
        print(f"{state} {done.path}: it counts as {asked.role}{later}")
    else:
        print(
            f"staged {done.path}: {done.signatures} of {done.threshold} signatures, so it does "
            f"not count yet. Next: mobile-ai record sign {done.path} --role {asked.role} --key ..."
        )


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Records.")],
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            "-e",
            help="Environment whose trust verifies them. Default: the only one, or the only one of "
            "class development.",
        ),
    ] = None,
    root_dir: Repository = Path(),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Verify signature, role, fields and validity of records.

    Exit code 1 if one does not count.

    Example: mobile-ai record verify usage/dev/field-assistant.yaml --environment dev
    """
    now = _now()
    trust = trust_for(environment or _environment(root_dir), root_dir, now=now)
    unfit = _unfit()
    found = [_state(path, trust=trust, now=now, unfit=unfit) for path in files]
    _show(found, as_json=as_json)
    if not all(item.counts for item in found):
        raise typer.Exit(_REFUSED)


@app.command(name="list")
def list_command(
    root_dir: Repository = Path(),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List the records of every stack and environment, and whether each counts.

    Example: mobile-ai record list --json
    """
    _show(list(list_records(root_dir, now=_now(), unfit=_unfit())), as_json=as_json)


def _unfit() -> Unfit:
    from mobile_ai.governance.rules import catalogue  # noqa: PLC0415
    from mobile_ai.governance.waiver_rules import why_of_no_use  # noqa: PLC0415

    return partial(why_of_no_use, rules=catalogue())


def _ask(question: str) -> str:
    return ask(question, instead="pass it with --set FIELD=VALUE")


def _scope_of(row: PredicateType, root: Path) -> str:
    """Return the stack or the environment that a record of a type is for if none is named."""
    return _environment(root) if "{environment}" in row.folder else find_stack(root, None)


def _environment(root: Path) -> str:
    found = find_environment(root / "policy-pack", None)
    if found is None:
        raise UserError(
            f"{root / 'policy-pack'}: got no environment; expected one with a trust. "
            "Next: `mobile-ai trust new` begins the trust of one."
        )
    return found[0]


def _request_lift(root: Path, stack: str, values: dict[str, str]) -> None:
    """Request a lift where releases keep it: one truth, signed as part of a release."""
    from mobile_ai.delivery.repository.release import request_known_lift  # noqa: PLC0415

    row: PredicateType | None = type_named(LIFT)
    assert row is not None  # noqa: S101  it is in the table
    value = composed(row, Answers(scope=stack, values=values), now=_now())
    folder = root / "releases" / stack
    if not folder.is_dir():
        raise UserError(
            f"{folder}: got no releases; expected those of stack {stack}. "
            "Next: name a stack that has releases with --for."
        )
    request_known_lift(folder, value["predicate"].get("lifted", ()))
    print(f"wrote {folder}/lifts.json; it counts once role models signed: mobile-ai release sign")


def _show(found: list[RecordState], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([item.to_dict() for item in found], indent=1))
        return
    rows = [("record", "type", "role", "signed by", "expires", "state")]
    for item in found:
        ends = item.expires.date().isoformat() if item.expires else "-"
        owners = ", ".join(item.owners) or "-"
        rows.append((item.path, item.type or "-", item.role or "-", owners, ends, item.state))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(printable(line.rstrip()))
    for item in found:
        if item.why:
            named = item.why.startswith(item.path)
            print(printable(item.why if named else f"{item.path}: {item.why}"))


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = [text.split("=", 1) for text in texts]
    for text, pair in zip(texts, pairs, strict=True):
        if len(pair) != _PAIR:
            raise UserError(
                f"{text!r}: got no '='; expected NAME=VALUE. "
                "Next: write it as in `mobile-ai record new --help`."
            )
    return {key: value for key, value in pairs}  # noqa: C416  each pair is a list


def _state(path: Path, *, trust: Trust, now: datetime, unfit: Unfit) -> RecordState:
    try:
        return file_state(path, name=str(path), trust=trust, now=now, unfit=unfit)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: got {error}; expected a record. Next: name one that `mobile-ai record list` "
            f"shows."
        ) from error


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
