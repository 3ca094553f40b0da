"""The OpenAPI document, made from what every endpoint promises."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, current_app, jsonify
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from app.access.roles import Role
from app.api import api
from app.api.contract import Promise
from app.entrance import allow, settings
from app.intake.keeping import LONGEST_KEY

PREFIX = "/api/v1"
REFERENCE = "#/components/schemas/{model}"
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document; errors name row and field",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                    "row": {"type": "integer"},
                    "code": {"type": "string"},
                },
            },
        },
    },
    "required": ["type", "title", "status"],
}
FILE = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
    },
}
AGAIN = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key with the same content is answered with the first receipt",
    "schema": {"type": "string", "maxLength": LONGEST_KEY},
}


@api.get("/openapi.json")
@allow(Role.PUBLIC)
def openapi() -> Response:
    """This document."""
    promised = [
        (rule, view, view.promise)
        for rule in current_app.url_map.iter_rules()
        if hasattr(view := current_app.view_functions[rule.endpoint], "promise")
    ]
    paths: dict[str, Any] = {}
    for rule, view, promise in promised:
        path, parameters = _path(rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = _operation(rule, view, promise, parameters)
            paths.setdefault(path, {})[method.lower()] = operation
    return jsonify(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Tocsin",
                "version": "1",
                "summary": "Early warning of new psychoactive substances",
            },
            "servers": [{"url": f"{settings().base_url}{PREFIX}"}],
            "paths": dict(sorted(paths.items())),
            "components": {
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
                "schemas": _schemas([p for _, _, p in promised]) | {"Problem": PROBLEM},
            },
        }
    )


def _schemas(promises: list[Promise]) -> dict[str, Any]:
    takes = [(p.takes, "validation") for p in promises if p.takes]
    answers = [(p.answers, "serialization") for p in promises if p.answers]
    wanted: Any = list(dict.fromkeys(takes + answers))
    _, document = models_json_schema(wanted, ref_template=REFERENCE)
    return dict(document["$defs"])


def _path(rule: Rule) -> tuple[str, list[dict[str, Any]]]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if f"int:{name}" in rule.rule else "string"},
        }
        for name in sorted(rule.arguments)
    ]
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(PREFIX))
    return path, parameters


def _operation(
    rule: Rule, view: Any, promise: Promise, parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    queries = [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in promise.queries
    ]
    problem = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.split(".")[-1],
        "summary": promise.summary,
        "description": " ".join((view.__doc__ or "").split()),
        "parameters": [*parameters, *queries, *([AGAIN] if promise.repeatable else [])],
        "responses": {
            str(promise.status): {"description": "done", **_answer(promise)},
            "default": {"description": "a problem", "content": problem},
        },
    }
    if promise.repeatable:
        nothing_new = {"description": "nothing new in it", **_answer(promise)}
        operation["responses"]["200"] = nothing_new
    if promise.takes:
        operation["requestBody"] = _body(promise.takes, many=promise.many)
    if promise.upload:
        operation["requestBody"] = FILE
    if Role.PUBLIC not in view.allowed:
        operation["security"] = [{"key": []}]
        operation["x-roles"] = sorted(role.value for role in view.allowed)
    return operation


def _body(takes: type[BaseModel], *, many: bool) -> dict[str, Any]:
    one = {"$ref": REFERENCE.format(model=takes.__name__)}
    schema = {"oneOf": [one, {"type": "array", "items": one}]} if many else one
    content = {"application/json": {"schema": schema}}
    if many:
        content["application/x-ndjson"] = {"schema": {"type": "string"}}
    return {"required": True, "content": content}


def _answer(promise: Promise) -> dict[str, Any]:
    if promise.answers is None:
        return {}
    schema: dict[str, Any] = {"$ref": REFERENCE.format(model=promise.answers.__name__)}
    if promise.listed:
        schema = {
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"type": ["string", "null"]},
            },
            "required": ["items", "next"],
        }
    return {"content": {"application/json": {"schema": schema}}}
