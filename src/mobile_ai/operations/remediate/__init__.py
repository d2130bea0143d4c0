"""Turns findings into commits: edits of files on a branch, which pass the same gate as any other.

``steps`` lists the possible edits: of the stack file, a model's retraining request, a limit of the
policy pack. ``decide`` chooses the mildest allowed step that was not tried; ``propose`` commits it
to a separate branch. Nothing live is changed, and the history of steps is read from Git alone.
"""
