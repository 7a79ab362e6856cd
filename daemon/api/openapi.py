"""The OpenAPI 3.1 document, made from the table of routes."""

import re
from typing import Any

import msgspec

from daemon.api.routes import ROUTES, Asked, Route
from daemon.api.stream import Line
from daemon.api.views import ErrorView

_REFERENCE = "#/components/schemas/{name}"

PLAIN_PAGES = {
    "/livez": "Whether the daemon makes progress",
    "/readyz": "Whether the daemon may trade",
    "/metrics": "Metrics for Prometheus",
    "/openapi.json": "This document",
    "/v1/events": "What happens, as it happens: a line of JSON each",
}
"""What is served beside the table."""


def document(version: str) -> dict[str, Any]:
    """The document of every route."""
    types = [route.answer for route in ROUTES] + [route.asked for route in ROUTES] + [ErrorView, Line]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    answers, asked, error, line = schemas[: len(ROUTES)], schemas[len(ROUTES) : -2], schemas[-2], schemas[-1]
    paths: dict[str, Any] = {}
    for route, answer_schema, asked_schema in zip(ROUTES, answers, asked, strict=True):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, answer_schema, _resolved(asked_schema, components), error
        )
    for path, summary in PLAIN_PAGES.items():
        paths[path] = {"get": {"summary": summary, "responses": {"200": {"description": summary}}}}
    paths["/v1/events"]["get"]["responses"]["200"]["content"] = {"application/x-ndjson": {"schema": line}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bulkhead", "version": version, "description": "The daemon's API, on its Unix socket."},
        "paths": paths,
        "components": {"schemas": components},
    }


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = components[schema["$ref"].rsplit("/", 1)[1]]
    return found


def _operation(route: Route, answer: Any, asked: dict[str, Any], error: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": route.method.lower() + re.sub(r"\W+", "_", route.path.removeprefix("/v1")).rstrip("_"),
        "responses": {
            "200": {"description": route.summary, **_json(answer)},
            "default": {"description": "What went wrong", **_json(error)},
        },
    }
    if route.method == "POST":
        operation["requestBody"] = {"required": True, **_json(asked)}
    elif parameters := _parameters(route.path, route.asked, asked):
        operation["parameters"] = parameters
    return operation


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _parameters(path: str, asked: type[Asked], schema: dict[str, Any]) -> list[dict[str, Any]]:
    names = [field.encode_name for field in msgspec.structs.fields(asked)]
    return [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in path else "query",
            "required": name in schema.get("required", ()),
            "schema": schema["properties"][name],
        }
        for name in names
    ]
