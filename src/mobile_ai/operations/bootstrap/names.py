"""Stack names whose prefix is unambiguous in an account. Pure."""

from collections.abc import Iterable
from typing import Final

from mobile_ai.contracts.errors import GovernanceError

# Words in the bootstrap's own names, `mobile-ai-<word>-...`.
_OF_BOOTSTRAP: Final = frozenset({"builder", "evaluator", "gate", "pipeline", "state"})


def refuse_shared_names(stack: str, others: Iterable[str]) -> None:
    """Refuse a stack whose prefix ``mobile-ai-<stack>-`` matches names that are not its own.

    The pipeline's roles are limited by that prefix: a role of ``dev`` could change resources of
    ``dev-eu`` in the same account.

    Args:
        stack: The stack.
        others: Other stacks of the same account.

    Raises:
        GovernanceError: The bootstrap, or another stack, has names with the prefix.
    """
    shared = sorted(
        other
        for other in others
        if other != stack and (other.startswith(f"{stack}-") or stack.startswith(f"{other}-"))
    )
    if stack in _OF_BOOTSTRAP or shared:
        raise GovernanceError(
            f"stack {stack!r}",
            got=f"names mobile-ai-{stack}-... which are "
            + (f"also those of stack {shared[0]!r}" if shared else "also those of the bootstrap"),
            expected="a prefix that no other name of the account begins with",
            next_step="rename one of them, or put them into two accounts",
        )
