"""`mobile-ai trust`: who may sign what in an environment, changed version by version."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mobile_ai.cli.console import console
from mobile_ai.cli.errors import UserError
from mobile_ai.cli.options import LONGEST_DAYS, Json, Repository
from mobile_ai.cli.questions import confirm
from mobile_ai.contracts.printable import printable
from mobile_ai.contracts.trust import Trust, read_chain
from mobile_ai.signing.roles import signer_from_uri
from mobile_ai.signing.trust import changes
from mobile_ai.signing.trust.history import (
    TrustHistory,
    environments,
    open_trust,
    staged_to_sign,
)
from mobile_ai.signing.trust.people import holdings, owner_named
from mobile_ai.signing.trust.people_file import parse_people, parse_thresholds, read_people
from mobile_ai.signing.trust.public_keys import read_public_key
from mobile_ai.signing.trust.report import history_of, report_of, status_lines
from mobile_ai.signing.trust.versions import Advance, advance, sign_staged
from mobile_ai.signing.trust.words import differences

app = typer.Typer(
    no_args_is_help=True,
    help=__doc__,
    epilog="Example: mobile-ai trust show --environment prod (docs/people.md)",
    rich_markup_mode=None,
)

Environment = Annotated[
    str | None,
    typer.Option("--environment", "-e", help="Environment; not needed where there is one only."),
]
SignWith = Annotated[
    list[str] | None,
    typer.Option("--sign-with", help="Root key at hand: file2:PATH or awskms:KEY; repeatable."),
]
Threshold = Annotated[
    list[str] | None,
    typer.Option("--threshold", help="ROLE=NUMBER of signatures a role needs; repeatable."),
]
Compromised = Annotated[
    bool,
    typer.Option(
        "--compromised", help="Somebody else may have the key: nothing that it signed counts."
    ),
]
Person = Annotated[str, typer.Argument(help='"Name <mail>", or the mail of somebody known.')]
PublicKey = Annotated[str, typer.Option("--key", help="Public key: a PEM file, or awskms:KEY.")]


@app.command()
def new(  # noqa: PLR0917  # typer passes options by name
    environment: Annotated[str, typer.Option("--environment", "-e", help="Its name.")],
    person: Annotated[
        list[str] | None,
        typer.Option(help='"Name <mail>=role:key,role:key"; a key as for `trust add`; repeatable.'),
    ] = None,
    people: Annotated[
        Path | None, typer.Option(help="The same as a file (YAML), see docs/people.md.")
    ] = None,
    environment_class: Annotated[
        str, typer.Option("--class", help="Class of the environment: development or production.")
    ] = "production",
    threshold: Threshold = None,
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DAYS, metavar="N", help="Validity in days.")
    ] = 365,
    keep: Annotated[
        Path | None,
        typer.Option(help="An earlier trust file whose role keys, not its root keys, stay valid."),
    ] = None,
    sign_with: SignWith = None,
    root_dir: Repository = Path(),
) -> None:
    """Begin an environment's trust with people's public keys: version 1, never over a file.

    In production, root and security need two signatures unless --threshold says otherwise.

    Example: mobile-ai trust new --environment staging --class development
    --person "Ana Lima <ana@example.com>=root:ana.pub" --sign-with file2:ana.pem
    """
    if environment_class not in changes.CLASSES:
        raise UserError(
            f"--class {environment_class!r}: got another class; expected one of "
            f"{', '.join(changes.CLASSES)}. Next: name one of them."
        )
    history = open_trust(root_dir, environment, now=_now())
    listed, named = read_people(people) if people else ([], {})
    usual = {**changes.CLASSES[environment_class], **named, **parse_thresholds(threshold or [])}
    content = changes.first_content(
        environment,
        [*listed, *parse_people(person or [])],
        thresholds=usual,
        expires=_expiry(days),
        kept=_kept(keep),
    )
    if history.current is not None:
        raise UserError(
            f"{history.path}: got a trust that was begun; expected no such file, since a trust "
            "changes by a next version that its root keys sign. Next: mobile-ai trust add, remove "
            "or rotate; to begin anew, move the file away in a commit that its owners review."
        )
    _advance(history, content, sign_with)


@app.command()
def add(  # noqa: PLR0917  # typer passes options by name
    person: Person,
    role: Annotated[str, typer.Option(help="Role that the key may sign for.")],
    key: PublicKey,
    environment: Environment = None,
    threshold: Threshold = None,
    sign_with: SignWith = None,
    root_dir: Repository = Path(),
) -> None:
    """Give a person a role: their own public key, for this role alone.

    Example: mobile-ai trust add "Ana Lima <ana@example.com>" --role security --key ana.pub
    """

    def change(base: Trust) -> Trust:
        owner = owner_named(base, person)
        return changes.add_key(
            base, changes.NewKey(owner=owner, role=role, key=read_public_key(key))
        )

    _change(change, environment, root_dir, threshold, sign_with)


@app.command()
def remove(  # noqa: PLR0917  # typer passes options by name
    people: Annotated[list[str], typer.Argument(help="Mail addresses or names of who leaves.")],
    compromised: Compromised = False,  # noqa: FBT002
    environment: Environment = None,
    threshold: Threshold = None,
    sign_with: SignWith = None,
    root_dir: Repository = Path(),
) -> None:
    """Take every role from people who leave; what they signed for released versions stays valid.

    Refused while a role could no longer be signed for: add somebody first.

    Example: mobile-ai trust remove ana@example.com --environment prod
    """
    _change(
        lambda base: changes.remove_people(base, people, compromised=compromised),
        environment,
        root_dir,
        threshold,
        sign_with,
    )


@app.command()
def rotate(  # noqa: PLR0917  # typer passes options by name
    person: Person,
    key: PublicKey,
    role: Annotated[
        str | None, typer.Option(help="Role of the key; needed if the person has several.")
    ] = None,
    compromised: Compromised = False,  # noqa: FBT002
    environment: Environment = None,
    sign_with: SignWith = None,
    root_dir: Repository = Path(),
) -> None:
    """Give a person a new key in place of the one that is lost, old or stolen.

    Example: mobile-ai trust rotate ana@example.com --key ana-2.pub --compromised
    """
    _change(
        lambda base: changes.rotate_key(
            base, person, read_public_key(key), role=role, compromised=compromised
        ),
        environment,
        root_dir,
        None,
        sign_with,
    )


@app.command()
def renew(
    environment: Environment = None,
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DAYS, help="Validity in days from today.")
    ] = 365,
    threshold: Threshold = None,
    sign_with: SignWith = None,
    root_dir: Repository = Path(),
) -> None:
    """Set a new end of validity, also after the trust has expired.

    Example: mobile-ai trust renew --environment prod --days 365
    """
    _change(
        lambda base: changes.renew(base, _expiry(days)), environment, root_dir, threshold, sign_with
    )


@app.command()
def sign(
    key: Annotated[
        list[str], typer.Option("--key", help="Your root key: file2:PATH or awskms:KEY.")
    ],
    environment: Environment = None,
    yes: Annotated[  # noqa: FBT002
        bool, typer.Option("--yes", help="Sign without being asked; the changes are shown anyway.")
    ] = False,
    root_dir: Repository = Path(),
) -> None:
    """Sign the staged next version, after its changes were shown in words.

    Example: mobile-ai trust sign --environment prod --key awskms:alias/ana-root
    """
    history = _history(environment, root_dir)
    staged = staged_to_sign(history)
    if staged is not None:
        print(f"Version {staged.trust.version} of {history.environment} changes:")
        _show(differences(history.current, staged.trust))
        signers = [signer_from_uri(uri, role="root", trust=staged.trust) for uri in key]
        if not yes and not confirm("Sign exactly this?", instead="pass --yes to sign it unasked"):
            print("Not signed; nothing was written.")
            raise typer.Exit(1)
    else:
        signers = []
    _report(history, sign_staged(history, signers))


@app.command()
def show(
    environment: Environment = None,
    history: Annotated[  # noqa: FBT002
        bool, typer.Option("--history", help="Also what each version changed.")
    ] = False,
    root_dir: Repository = Path(),
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show people, roles, thresholds, key states and expiry, and what waits for whose signature.

    Example: mobile-ai trust show --environment prod --history
    """
    names = [environment] if environment else environments(root_dir)
    found = [open_trust(root_dir, name, now=_now()) for name in names]
    for item in found:
        _ = item.base  # an environment without a trust is refused
    if as_json:
        print(json.dumps([report_of(item, history_too=history) for item in found], indent=1))
        return
    if not found:
        print(f"no trust below {root_dir / 'policy-pack/trust'}; mobile-ai trust new begins one")
    for item in found:
        _show_people(item.current or item.base)
        _show(status_lines(item))
        if history:
            _show(history_of(item))


def _change(
    change: Callable[[Trust], Trust],
    environment: str | None,
    root: Path,
    threshold: list[str] | None,
    sign_with: list[str] | None,
) -> None:
    history = _history(environment, root)
    content = changes.set_thresholds(change(history.base), parse_thresholds(threshold or []))
    _advance(history, content, sign_with)


def _advance(history: TrustHistory, content: Trust, sign_with: list[str] | None) -> None:
    signers = [signer_from_uri(uri, role="root", trust=content) for uri in sign_with or []]
    done = advance(history, content, signers)
    if done.word != "already so":
        print(f"Version {done.version} of {history.environment} changes:")
        _show(differences(history.current, content))
    _report(history, done)


def _report(history: TrustHistory, done: Advance) -> None:
    if done.dropped:
        print(f"{done.dropped} signatures of what was staged before are left out", file=sys.stderr)
    if done.word == "already so":
        print(f"already so: {done.path}, version {done.version}")
    elif done.word == "staged":
        print(f"staged {done.path}")
    else:
        print(f"wrote {done.path}: version {done.version}, signed by its root keys; commit it")
        return
    for item in done.demands:
        if item.lacking:
            who = ", ".join(item.waiting)
            print(f"root of version {item.version}: {item.lacking} more of {printable(who)}")
    if any(item.lacking for item in done.demands):
        print(
            "Next: commit it; each of them runs mobile-ai trust sign "
            f"--environment {history.environment} --key KEY"
        )


def _history(environment: str | None, root: Path) -> TrustHistory:
    names = environments(root)
    if environment is None and len(names) != 1:
        raise UserError(
            f"--environment: got none; expected one of {', '.join(names) or 'none that exists'}. "
            "Next: name it, from the repository's folder; mobile-ai trust new begins one."
        )
    return open_trust(root, environment or names[0], now=_now())


def _kept(path: Path | None) -> Trust | None:
    if path is None:
        return None
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--keep {path}: got {error}; expected a trust file. Next: name the file that was "
            "moved away."
        ) from error
    return read_chain(text, environment=None)[-1]


def _show_people(trust: Trust) -> None:
    table = Table("person", "role", "key", "state")
    for item in holdings(trust):
        table.add_row(printable(item.owner), item.role, item.keyid[:12], item.state)
    console().print(table)


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"  {printable(line)}")


def _expiry(days: int) -> datetime:
    # Midnight, so that the same command on the same day asks for the same content.
    at = _now() + timedelta(days=days)
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _now() -> datetime:
    return datetime.now(UTC)
