"""Findings become commits: an edit of files on a branch, for the same gate as any other.

``steps`` holds what can be edited: the stack file, a model's request for a retraining, a limit of
the policy pack. ``decide`` chooses the mildest step that may be taken and was not tried;
``propose`` writes it to a branch of its own. Nothing live is touched, and what was done is read
back from Git alone.
"""

from operations.remediate.decide import Decision, decide
from operations.remediate.history import Taken, read_history
from operations.remediate.playbook import Playbook, Playbooks, read_playbooks
from operations.remediate.propose import Proposal, propose

__all__ = [
    "Decision",
    "Playbook",
    "Playbooks",
    "Proposal",
    "Taken",
    "decide",
    "propose",
    "read_history",
    "read_playbooks",
]
