"""A report names every value of the stack file that a request changes."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.gate.changes.settings_changes import setting_changes
from mobile_ai.gate.render import render
from mobile_ai.stack.reader import StackFile
from tests.gate.test_poison import PARSER
from tests.gate.test_render import report

ROOT = Path(__file__).parents[2]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "name", "app", "model"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FILES = st.dictionaries(st.sampled_from(["region", "sites", "deployments"]), VALUES, max_size=3)


@given(FILES, FILES)
def test_swapped_files_have_swapped_changes_and_equal_ones_none(prior, proposed):
    there, back = setting_changes(prior, proposed), setting_changes(proposed, prior)
    assert [(one.key, one.proposed, one.prior) for one in back] == [
        (one.key, one.prior, one.proposed) for one in there
    ]
    assert setting_changes(prior, prior) == ()


def edited(old, new):
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    assert old in text
    files = [StackFile.parse(one, name="Pulumi.dev.yaml") for one in (text, text.replace(old, new))]
    return setting_changes(*(file.values for file in files))


def test_a_stage_a_share_and_a_budget_are_named_with_both_values():
    [stage] = edited("stage: general", "stage: canary")
    assert stage.key == "deployments[field-assistant-digits].rollout.stage"
    assert (stage.prior, stage.proposed) == ('"general"', '"canary"')
    [share] = edited("percent: 10,", "percent: 90,")
    assert share.key == "deployments[field-assistant-digits].rollout.rings[canary].percent"
    [kind] = edited("kind: hard", "kind: soft")
    assert kind.key == "budgets[field-assistant].kind"


def test_one_more_entry_of_a_list_is_no_change_of_the_others():
    old = {"sites": [{"name": "a", "cpu": 1}]}
    new = {"sites": [{"name": "b", "cpu": 2}, {"name": "a", "cpu": 1}]}
    assert [one.key for one in setting_changes(old, new)] == ["sites[b].cpu", "sites[b].name"]


def test_a_comment_begins_with_the_verdict_and_what_changes():
    found = report("passed").model_copy(
        update={
            "baseline": "Pulumi.dev.yaml at main",
            "settings": edited("stage: general", "stage: canary"),
        }
    )
    tokens = [one.content for one in PARSER.parse(render(found, "markdown")) if one.content]
    assert tokens[1].startswith(":white_check_mark: PASS")
    assert tokens[2].startswith("Changes against")
    written = tokens.index("deployments\\[field-assistant-digits\\].rollout.stage")
    costs = next(at for at, text in enumerate(tokens) if text.startswith("Cost"))
    assert 2 < written < costs
    assert "canary" in render(found, "table")
