"""OpenAPI 3.1 description of the REST endpoint, with and without versions in paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.edge.datatypes import DATATYPES

_NAME: Final = "^[A-Za-z0-9._-]{1,128}$"
_VERSION: Final = "^[A-Za-z0-9.+_-]{1,128}$"
_PLAIN: Final = {"type": ["string", "number", "boolean", "null"]}
_SHAPE: Final = {"type": "array", "maxItems": 16, "items": {"type": "integer", "minimum": 1}}
_DATATYPE: Final = {"type": "string", "enum": list(DATATYPES)}
_PARAMETERS: Final = {"type": "object", "additionalProperties": _PLAIN}


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mobile-ai-edge",
            "version": "2",
            "description": "Open Inference Protocol v2 with the binary tensor data extension.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"key": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    named, versioned = [_parameter("model", _NAME)], [_parameter("version", _VERSION)]
    paths: dict[str, Any] = {
        "/v2": {"get": _operation("server", "Server", [])},
        "/v2/health/live": {"get": _operation("live", "Live", [])},
        "/v2/health/ready": {"get": _operation("ready", "Ready", [], unready="Ready")},
        "/v2/repository/index": {
            "post": _operation("index", "Index", [], body="IndexRequest", required=False)
        },
        "/openapi.json": {"get": _operation("description", "Anything", [])},
        "/metrics": {"get": _metrics()},
    }
    for verb in ("load", "unload"):
        path = f"/v2/repository/models/{{model}}/{verb}"
        paths[path] = {"post": _operation(verb, "Anything", named)}
    for suffix, parameters, mark in (
        ("", named, ""),
        ("/versions/{version}", named + versioned, "Version"),
    ):
        base = f"/v2/models/{{model}}{suffix}"
        paths[base] = {"get": _operation(f"metadata{mark}", "Model", parameters)}
        paths[f"{base}/ready"] = {
            "get": _operation(f"modelReady{mark}", "ModelReady", parameters, unready="ModelReady")
        }
        paths[f"{base}/infer"] = {
            "post": _operation(f"infer{mark}", "Answer", parameters, body="Request")
        }
    return paths


def _parameter(name: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(
    identifier: str,
    answer: str,
    parameters: list[dict[str, Any]],
    *,
    body: str | None = None,
    required: bool = True,
    unready: str = "Error",
) -> dict[str, Any]:
    errors = ("400", "401", "403", "404", "408", "413", "429", "500", "504")
    responses = {"200": _content("Done.", answer), "503": _content("Not now.", unready)}
    responses |= {status: _content("Refused.", "Error") for status in errors}
    operation: dict[str, Any] = {"operationId": identifier, "responses": responses}
    if parameters:
        operation["parameters"] = parameters
    if body:
        content = {"application/json": {"schema": _ref(body)}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _metrics() -> dict[str, Any]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": "metrics",
        "responses": {"200": {"description": "Prometheus' text format.", "content": content}},
    }


def _content(description: str, schema: str) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": _ref(schema)}}
    if schema == "Answer":  # with binary outputs
        content["application/octet-stream"] = {"schema": {}}
    return {"description": description, "content": content}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Any:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


def _schemas() -> dict[str, Any]:
    text, flag = {"type": "string"}, {"type": "boolean"}
    tensor = {"name": text, "datatype": _DATATYPE, "shape": _SHAPE}
    declared = {**tensor, "shape": {"type": "array", "items": {"type": "integer", "minimum": -1}}}
    tensors = {"type": "array", "items": _object(declared)}
    output = _object(tensor, {"parameters": _PARAMETERS, "data": {"type": "array"}})
    return {
        "Anything": {"type": "object"},
        "Error": _object({"error": text}),
        "Server": _object(
            {"name": text, "version": text, "extensions": {"type": "array", "items": text}}
        ),
        "Live": _object({"live": flag}),
        "Ready": _object({"ready": flag}),
        "ModelReady": _object({"name": text, "ready": flag}),
        "Model": _object(
            {"name": text, "platform": text, "inputs": tensors, "outputs": tensors},
            {"versions": {"type": "array", "items": text}, "parameters": _PARAMETERS},
        ),
        "IndexRequest": _object({}, {"ready": flag}),
        "Index": {
            "type": "array",
            "items": _object({"name": text, "version": text, "state": text, "reason": text}),
        },
        "Request": _object(
            {
                "inputs": {
                    "type": "array",
                    "items": _object(
                        {**tensor, "data": {"type": "array"}}, {"parameters": _PARAMETERS}
                    ),
                }
            },
            {
                "id": text,
                "parameters": _PARAMETERS,
                "outputs": {
                    "type": "array",
                    "items": _object({"name": text}, {"parameters": _PARAMETERS}),
                },
            },
        ),
        "Answer": _object(
            {
                "model_name": text,
                "model_version": text,
                "outputs": {"type": "array", "items": output},
            },
            {"id": text},
        ),
    }
