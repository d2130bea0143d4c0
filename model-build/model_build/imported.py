"""Bring your own model: a file, a locked wheel's file, or a version in an MLflow registry."""

from __future__ import annotations

from pathlib import Path

from model_build.results import BuildResult, EvaluationReport


def build_imported(path, recipe, *, out):
    raise NotImplementedError


def evaluate_imported(recipe, files):
    raise NotImplementedError
