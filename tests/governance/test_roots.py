"""The roots of stacks: two forms, one reader, and signatures by those whose bounds change."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mobile_ai.contracts.documents import dump_yaml, read_yaml, read_yaml_documents
from mobile_ai.contracts.errors import DocumentError, VerificationError
from mobile_ai.contracts.predicates import ROOTS
from mobile_ai.contracts.roots import (
    StackRoots,
    draft_roots,
    migrate_roots,
    read_roots,
    roots_schema,
)
from mobile_ai.contracts.roots_signatures import (
    Needed,
    missing_signatures,
    needed_signatures,
    sign_roots,
    verify_roots,
)
from mobile_ai.contracts.statements import dump_record
from mobile_ai.contracts.trust import Role, Trust, TrustedKey
from mobile_ai.testing.plan import BOUNDS
from mobile_ai.testing.signing import Signers, make_trust

LISTED = Path(__file__).parents[2] / "policy-pack/stacks.yaml"
GOLDEN = Path(__file__).with_name("roots.golden.yaml")
SIGNERS = Signers.shared()
OTHERS = Signers.fresh()
TRUSTS: Mapping[str, Trust] = {
    "low": make_trust(SIGNERS, environment="low"),
    "high": make_trust(SIGNERS, environment="high"),
}


def trusts_of(environment: str, _file: str) -> list[Trust]:
    return [TRUSTS[environment]]


def need(environment: str, role: str, threshold: int) -> Needed:
    return Needed(environment, role, threshold, f"trust/{environment}.yaml")


def entry(environment: str = "low", **changes: Any) -> dict[str, Any]:
    bounds = BOUNDS.model_dump(by_alias=True, exclude_defaults=True)
    return {
        "environment": environment,
        "class": "production" if environment == "high" else "development",
        "trust": f"trust/{environment}.yaml",
        "config": f"config/{environment}.json",
        "bounds": {key: value for key, value in bounds.items() if key != "contexts"},
        **changes,
    }


def plain(**stacks: Any) -> str:
    return dump_yaml({"stacks": stacks})


def parsed(**stacks: Any) -> dict[str, StackRoots]:
    return dict(read_roots(plain(**stacks)).stacks)


def chain(*versions: Mapping[str, StackRoots]) -> str:
    return "---\n".join(
        dump_record(draft_roots(stacks, version=number))
        for number, stacks in enumerate(versions, start=1)
    )


def signed(text: str, *roles: str, signers: Signers = SIGNERS) -> str:
    for role in roles:
        text = sign_roots(text, signers.by_role[role], trusts_of=trusts_of)
    return text


def with_bounds(**bounds: Any) -> dict[str, Any]:
    before = entry()
    return {**before, "bounds": {**before["bounds"], **bounds}}


def test_the_list_of_the_repository_is_the_plain_form() -> None:
    roots = read_roots(LISTED.read_text())

    assert (roots.version, roots.envelope) == (0, None)
    assert {name: item.stack_class for name, item in roots.stacks.items()} == {
        "dev": "development",
        "prod": "production",
    }
    assert roots.environments("production") == {"prod": "trust/prod.yaml"}


def test_a_migrated_list_says_the_same() -> None:
    text = LISTED.read_text()

    draft = migrate_roots(text)

    assert read_roots(draft).version == 1
    assert read_roots(draft).stacks == read_roots(text).stacks
    assert migrate_roots(draft) == draft
    assert draft.startswith("# Which stacks there are")


def test_the_form_of_version_1_does_not_change() -> None:
    full = entry(
        "high",
        releaseRoot="a" * 64,
        continues="other",
        profile="foreign",
        types=["aws:s3/bucket:Bucket"],
        bounds={
            **entry()["bounds"],
            "images": {
                "ours.example.com/edge": {"signer": "image-builder"},
                "public.example.com/proxy": {"digests": ["b" * 64]},
            },
            "rollout": {
                "maximumFirstPercent": 5.0,
                "maximumFactor": 10.0,
                "minimumSoakHours": 24.0,
                "maximumSkip": 0,
            },
        },
    )

    text = migrate_roots(plain(live=full, lab=entry()))

    assert text == GOLDEN.read_text()
    jsonschema.validate(read_yaml(text, name="roots")["predicate"], roots_schema())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda item: item.pop("class"), "class: development` or `class: production"),
        (lambda item: item.update({"class": "prod"}), "class"),
        (lambda item: item.update(environment="Staging"), "environment"),
        (lambda item: item.update(environment="s" * 32), "environment"),
        (lambda item: item.update(surprise=1), "surprise"),
        (lambda item: item.pop("bounds"), "bounds"),
        (lambda item: item["bounds"].pop("nodeCpu"), "nodeCpu"),
        (lambda item: item["bounds"].update(nodeCpu="8"), "nodeCpu"),
        (lambda item: item["bounds"].update(images={"a": {"signer": "anyone"}}), "signer"),
        (lambda item: item["bounds"].update(images={"a": {"digests": ["x"]}}), "digests"),
        (lambda item: item.update(profile="foreign"), "a foreign stack lists its types"),
        (lambda item: item.update(types=["aws:s3/bucket:Bucket"]), "no other does"),
        (lambda item: item.update(releaseRoot="c1de"), "releaseRoot"),
        (lambda item: item.update(continues="stage"), "continues itself"),
    ],
)
def test_a_malformed_entry_is_refused(change: Callable[[Any], Any], told: str) -> None:
    item = json.loads(json.dumps(entry()))
    change(item)

    with pytest.raises(DocumentError, match=told):
        read_roots(plain(stage=item))


@pytest.mark.parametrize(
    "text", ["", "stacks: []\n", "stacks: 1\n", "other: {}\n", "[]\n", "- 1\n"]
)
def test_another_document_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_roots(text)


def test_a_stack_that_is_not_listed_is_refused_with_those_that_are() -> None:
    with pytest.raises(DocumentError, match=r"no entry; expected one of \['a', 'b'\]"):
        read_roots(plain(a=entry(), b=entry())).stack("c")


def test_classes_of_a_list_without_them_are_given() -> None:
    old = {key: value for key, value in entry().items() if key != "class"}

    with pytest.raises(DocumentError, match="class"):
        migrate_roots(plain(lab=old))
    roots = read_roots(migrate_roots(plain(lab=old), classes={"lab": "production"}))

    assert roots.stack("lab").is_production


def test_versions_out_of_order_are_refused() -> None:
    stacks = parsed(lab=entry())
    later = dump_record(draft_roots(stacks, version=3))

    with pytest.raises(DocumentError, match="version 2"):
        read_roots(chain(stacks) + "---\n" + later)


@pytest.mark.parametrize(
    ("before", "after", "needed"),
    [
        (None, {"a": entry()}, [("low", "finops-approver", 1), ("low", "security", 1)]),
        (None, {"a": entry("high")}, [("high", "finops-approver", 1), ("high", "security", 2)]),
        ({"a": entry()}, {"a": entry()}, []),
        ({"a": entry()}, {"a": with_bounds(nodeCpu=8.0)}, [("low", "finops-approver", 1)]),
        ({"a": entry()}, {"a": with_bounds(domains=["b.example"])}, [("low", "security", 1)]),
        ({"a": entry()}, {"a": entry(config="config/b.json")}, [("low", "security", 1)]),
        (
            {"a": entry()},
            {},
            [("low", "finops-approver", 1), ("low", "security", 1)],
        ),
        (  # who gives a stack away and who takes it both sign, and production takes two
            {"a": entry()},
            {"a": entry("high")},
            [("high", "security", 2), ("low", "security", 2)],
        ),
        (
            {"a": entry(), "b": entry("high")},
            {"a": entry(), "b": entry("high"), "c": entry("high")},
            [("high", "finops-approver", 1), ("high", "security", 2)],
        ),
    ],
)
def test_those_whose_bounds_change_sign(
    before: dict[str, Any] | None, after: dict[str, Any], needed: list[tuple[str, str, int]]
) -> None:
    texts = [plain(**item) for item in (before, after) if item is not None]
    roots = [read_roots(text) for text in texts]

    found = needed_signatures(roots[0] if before is not None else None, roots[-1])

    assert found == [need(*item) for item in needed]


def test_a_chain_verifies_once_all_have_signed() -> None:
    text = migrate_roots(plain(lab=entry()))
    for role in ("security", "finops-approver"):
        with pytest.raises(VerificationError, match="too few signatures"):
            verify_roots(text, trusts_of=trusts_of)
        text = signed(text, role)
    assert verify_roots(text, trusts_of=trusts_of).version == 1

    second = chain(*[parsed(lab=with_bounds(nodeCpu=8.0))] * 2).partition("---\n")[2]
    text = signed(f"{text}---\n{second}", "finops-approver")

    assert verify_roots(text, trusts_of=trusts_of).version == 2
    assert missing_signatures(text, trusts_of=trusts_of) == []
    assert migrate_roots(text) == text


def test_one_key_is_not_enough_for_production() -> None:
    text = signed(
        migrate_roots(plain(live=entry("high"))), "security", "security", "finops-approver"
    )

    assert missing_signatures(text, trusts_of=trusts_of) == [need("high", "security", 2)]
    with pytest.raises(VerificationError):
        verify_roots(text, trusts_of=trusts_of)


@pytest.mark.parametrize("role", ["builder", "operations", "root"])
def test_a_key_of_another_role_signs_nothing(role: str) -> None:
    with pytest.raises(VerificationError, match="finops-approver of low"):
        signed(migrate_roots(plain(lab=entry())), role)


def test_a_key_that_no_trust_has_signs_nothing() -> None:
    with pytest.raises(VerificationError, match="no key of a role"):
        signed(migrate_roots(plain(lab=entry())), "security", signers=OTHERS)


def test_the_plain_form_is_not_signed() -> None:
    with pytest.raises(DocumentError, match="mobile-ai migrate"):
        signed(plain(lab=entry()), "security")
    with pytest.raises(DocumentError, match="the plain form"):
        verify_roots(plain(lab=entry()), trusts_of=trusts_of)


@pytest.mark.parametrize(
    ("state", "needed"),
    [("superseded", []), ("compromised", [need("low", "security", 1)])],
)
def test_a_key_keeps_what_it_signed_until_it_is_compromised(
    state: str, needed: list[Needed]
) -> None:
    text = signed(migrate_roots(plain(lab=entry())), "security", "finops-approver")
    later = make_trust(SIGNERS, environment="low", states={"security": state})

    assert missing_signatures(text, trusts_of=lambda *_: [TRUSTS["low"], later]) == needed


def later_trust(*, keep: bool, state: str = "active") -> Trust:
    """Return a next version whose `security` has another key; the old one is kept or removed."""
    base, fresh = TRUSTS["low"], OTHERS.by_role["security"].public_key
    (old,) = base.roles["security"].keyids
    keys = {keyid: item for keyid, item in base.keys.items() if keyid != old}
    keys[fresh.keyid] = TrustedKey(key=fresh, owner="new@example.com", state="active")
    members = {fresh.keyid}
    if keep:
        keys[old] = replace(base.keys[old], state=state)
        members.add(old)
    roles = {**base.roles, "security": Role(keyids=frozenset(members), threshold=1)}
    return replace(base, version=2, keys=keys, roles=roles)


def test_a_key_that_was_removed_since_keeps_what_it_signed() -> None:
    text = signed(migrate_roots(plain(lab=entry())), "security", "finops-approver")
    history = [TRUSTS["low"], later_trust(keep=False)]

    assert verify_roots(text, trusts_of=lambda *_: history).version == 1


def test_a_key_that_some_version_calls_compromised_never_counts_again() -> None:
    text = signed(migrate_roots(plain(lab=entry())), "security", "finops-approver")
    lost, removed = later_trust(keep=True, state="compromised"), later_trust(keep=False)
    history = [TRUSTS["low"], lost, replace(removed, version=3)]

    with pytest.raises(VerificationError, match="1 or more by security of low"):
        verify_roots(text, trusts_of=lambda *_: history)


@pytest.mark.parametrize(
    "trust", [later_trust(keep=False), later_trust(keep=True, state="superseded")]
)
def test_a_key_that_was_replaced_signs_no_later_version(trust: Trust) -> None:
    before = signed(migrate_roots(plain(lab=entry())), "security", "finops-approver")
    second = chain(*[parsed(lab=with_bounds(domains=["b.example"]))] * 2).partition("---\n")[2]
    text = signed(f"{before}---\n{second}", "security")

    with pytest.raises(VerificationError, match="version 2"):
        verify_roots(text, trusts_of=lambda *_: [TRUSTS["low"], trust], before=before)
    with pytest.raises(VerificationError, match="no key of a role"):
        sign_roots(text, SIGNERS.by_role["security"], trusts_of=lambda *_: [TRUSTS["low"], trust])


def test_a_version_that_was_agreed_on_is_not_rewritten() -> None:
    before = signed(migrate_roots(plain(lab=entry())), "security", "finops-approver")
    other = signed(
        migrate_roots(plain(lab=with_bounds(nodeCpu=8.0))), "security", "finops-approver"
    )

    with pytest.raises(DocumentError, match="another version 1"):
        verify_roots(other, trusts_of=trusts_of, before=before)
    assert verify_roots(other, trusts_of=trusts_of, before=plain(lab=entry())).version == 1


def test_a_trust_that_expired_signs_no_version_and_keeps_those_before() -> None:
    text = signed(migrate_roots(plain(lab=entry())), "security", "finops-approver")
    expired = [replace(TRUSTS["low"], expired=True)]

    assert verify_roots(text, trusts_of=lambda *_: expired).version == 1
    with pytest.raises(VerificationError, match="trust renew"):
        sign_roots(
            migrate_roots(plain(lab=entry())),
            SIGNERS.by_role["security"],
            trusts_of=lambda *_: expired,
        )


def test_the_trust_that_a_stack_had_before_signs_too() -> None:
    moved = {**entry(), "trust": "trust/evil.yaml"}

    found = needed_signatures(read_roots(plain(a=entry())), read_roots(plain(a=moved)))

    assert [(item.role, item.trust) for item in found] == [
        ("security", "trust/evil.yaml"),
        ("security", "trust/low.yaml"),
    ]


def test_one_environment_has_one_trust_file() -> None:
    with pytest.raises(DocumentError, match="two trust files"):
        read_roots(plain(a=entry(), b={**entry(), "trust": "trust/other.yaml"}))


def test_a_changed_value_invalidates_the_signatures() -> None:
    text = signed(migrate_roots(plain(lab=entry())), "security", "finops-approver")

    changed = text.replace("nodeCpu: 64", "nodeCpu: 65")

    assert changed != text
    assert len(missing_signatures(changed, trusts_of=trusts_of)) == 2
    assert read_yaml_documents(text, name="roots")[0]["predicateType"] == ROOTS
