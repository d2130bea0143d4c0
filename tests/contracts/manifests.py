"""Generated manifests of ``mobile-ai/v1``: everything that its schema allows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_NAME = st.text("abc-1", max_size=6).map("v{}".format)
_SHA = st.integers(0, 2**256 - 1).map("{:064x}".format)
_FILE = st.text("aB_-.1", max_size=6).map("artifacts/0{}".format)
_TEXT = st.text("abc XYZ-1é", max_size=6)
_SOME = st.text("abcxyz -", min_size=1, max_size=8)
_COUNT = st.integers(1, 2**40)
_THOUSANDTHS = st.integers(0, 10**6).map(lambda n: n / 1000)
_FIGURE = st.one_of(st.just(0.0), st.integers(0, 10**6), _THOUSANDTHS)
_SHARE = st.integers(0, 1000).map(lambda n: n / 1000)
_VALUE = st.integers(-(10**6), 10**6).map(lambda n: n / 1000)
_DTYPE = st.sampled_from(["FP32", "FP16", "INT8", "UINT8", "INT32", "INT64", "BOOL", "BYTES"])
_MODALITY = st.sampled_from(["vision", "audio", "text", "motion", "tabular"])


def _mapping(needed: dict[str, Any], optional: dict[str, Any] | None = None) -> Any:
    return st.fixed_dictionaries(needed, optional=optional or {})


_INTERVAL = st.tuples(_VALUE, _VALUE).map(
    lambda ends: {"low": min(ends), "high": max(ends), "method": "wilson"}
)
_TENSOR = {"dtype": _DTYPE, "shape": st.lists(st.integers(-1, 512), max_size=4)}
_PARITY = _mapping(
    {"reference": _TEXT, "maxAbsError": _FIGURE},
    {"agreement": _SHARE},
)
_QUALITY = _mapping(
    {"metric": _TEXT, "value": _VALUE, "interval": _INTERVAL, "n": _COUNT}, {"parity": _PARITY}
)
_FAIRNESS = _mapping(
    {
        "attribute": _TEXT,
        "metric": _TEXT,
        "value": _VALUE,
        "interval": _INTERVAL,
        "worstGroup": _TEXT,
        "n": _COUNT,
    }
)
_PROFILE = _mapping(
    {
        "machine": _TEXT,
        "latencyP50Ms": _FIGURE,
        "latencyP95Ms": _FIGURE,
        "peakMemoryBytes": st.integers(0, 2**40),
    },
    {"macs": st.integers(0, 2**40), "energyMj": _FIGURE, "energyMethod": _TEXT},
)
_REQUIREMENTS = _mapping(
    {"minRamMb": _COUNT, "runtime": _TEXT},
    {
        "minAndroidApi": st.integers(21, 99),
        "minIos": _TEXT,
        "delegates": st.lists(_TEXT, max_size=2),
    },
)
_ARTIFACT = {
    "format": st.sampled_from(["tflite", "onnx", "coreml"]),
    "sha256": _SHA,
    "bytes": _COUNT,
    "requirements": _REQUIREMENTS,
}
_OPTIONAL_ARTIFACT = {
    "uri": st.just("s3://bucket/model"),
    "profile": _PROFILE,
    "quality": _QUALITY,
    "fairness": st.lists(_FAIRNESS, max_size=3),
}
_DATASET = _mapping(
    {
        "name": _NAME,
        "digest": _SHA,
        "source": _TEXT,
        "rows": _COUNT,
        "licence": _SOME,
        "use": st.sampled_from(["training", "fine-tuning", "calibration", "evaluation"]),
    },
    {"sensitiveAttributes": st.lists(_TEXT, max_size=2)},
)
_LINEAGE = _mapping(
    {
        "datasets": st.lists(_DATASET, max_size=2),
        "recipe": _mapping({"file": _TEXT, "sha256": _SHA}),
        "sourceCommit": st.just("unknown"),
    },
    {"parent": _mapping({"version": st.just("1.0.0"), "sha256": _SHA})},
)
_METADATA = _mapping(
    {
        "name": _NAME,
        "version": st.just("1.2.3-rc.1"),
        "task": _SOME,
        "modalities": st.lists(_MODALITY, min_size=1, max_size=2),
        "owners": st.lists(_TEXT, min_size=1, max_size=2),
        "created": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
        "riskClass": st.sampled_from(["minimal", "limited", "high"]),
    },
    {"description": _TEXT, "licence": st.one_of(_SOME, st.just("unknown"))},
)
_SELF_TEST = _mapping({"file": _FILE, "sha256": _SHA, "tolerance": _FIGURE})
_KINDS = ("provenance", "evaluation", "assessment", "bom", "signature")


@st.composite
def manifests_v1(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the values of a valid manifest ``mobile-ai/v1``."""
    variants = draw(st.lists(_NAME, min_size=1, max_size=3, unique=True))
    files = draw(st.lists(_FILE, min_size=len(variants), max_size=len(variants), unique=True))
    inputs = draw(st.lists(_SOME, min_size=1, max_size=3, unique=True))
    outputs = draw(st.lists(_SOME, min_size=1, max_size=3))
    kinds = draw(st.lists(st.sampled_from(_KINDS), unique=True))
    values: dict[str, Any] = {
        "apiVersion": "mobile-ai/v1",
        "kind": "ModelVersion",
        "metadata": draw(_METADATA),
        "inputs": [
            {"name": name, **draw(_mapping(_TENSOR, {"modality": _MODALITY}))} for name in inputs
        ],
        "outputs": [{"name": name, **draw(_mapping(_TENSOR))} for name in outputs],
        "lineage": draw(_LINEAGE),
        "artifacts": [
            {"variant": variant, "file": file, **draw(_mapping(_ARTIFACT, _OPTIONAL_ARTIFACT))}
            for variant, file in zip(variants, files, strict=True)
        ],
        "fallback": {"mode": draw(st.sampled_from(["embedded", "off"]))},
        "evidence": [{"kind": kind, "file": f"e/{kind}", "sha256": draw(_SHA)} for kind in kinds],
    }
    if draw(st.booleans()):
        values["selfTest"] = draw(_SELF_TEST)
    return values
