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
from app.api.asking import Format, parameters_of
from app.api.contract import Promise
from app.api.exports import MIMETYPES
from app.api.fields import paths
from app.entrance import allow, settings
from app.intake.keeping import LONGEST_KEY

PREFIX = "/api/v1"
REFERENCE = "#/components/schemas/{model}"
PART = "{model}_part"  # the same, of which `fields` may leave some out
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
    taken = {p.takes for p in promises}  # what is read back as it was sent has one schema
    answers = [(p.answers, "serialization") for p in promises if p.answers not in {*taken, None}]
    wanted: Any = list(dict.fromkeys(takes + answers))
    _, document = models_json_schema(wanted, ref_template=REFERENCE)
    schemas = dict(document["$defs"])
    return schemas | _parts(schemas, promises)


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
    queries = _queries(promise)
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
    if promise.repeatable or (promise.upload and promise.status == 201):
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


def _queries(promise: Promise) -> list[dict[str, Any]]:
    """The query parameters; `fields` names every field of the answer."""
    found = [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in promise.queries
    ]
    if promise.asks is None:
        return found
    for parameter in parameters_of(promise.asks):
        if parameter["name"] == "fields" and promise.answers:
            names = {"type": "string", "enum": list(paths(promise.answers))}
            parameter["schema"] = {"type": "array", "items": names, "minItems": 1}
            parameter |= {"style": "form", "explode": False}
        found.append(parameter)
    return found


def _body(takes: type[BaseModel], *, many: bool) -> dict[str, Any]:
    one = {"$ref": REFERENCE.format(model=takes.__name__)}
    several = {"type": "array", "items": one, "minItems": 1}
    schema = {"oneOf": [one, several]} if many else one
    content = {"application/json": {"schema": schema}}
    if many:
        content["application/x-ndjson"] = {"schema": {"type": "string"}}
    needed = many or any(field.is_required() for field in takes.model_fields.values())
    return {"required": needed, "content": content}


def _answer(promise: Promise) -> dict[str, Any]:
    if promise.answers is None:
        return {}
    name = promise.answers.__name__
    if not promise.listed:
        return {"content": {"application/json": {"schema": {"$ref": REFERENCE.format(model=name)}}}}
    if _cut(promise):
        name = PART.format(model=name)
    schema = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": REFERENCE.format(model=name)}},
            "next": {"type": ["string", "null"]},
        },
        "required": ["items", "next"],
    }
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if promise.asks and "format" in promise.asks.model_fields:
        offered = next(p for p in parameters_of(promise.asks) if p["name"] == "format")
        others = (Format(w) for w in offered["schema"]["enum"] if w != Format.JSON)
        content |= {MIMETYPES[one]: {"schema": {"type": "string"}} for one in others}
    return {"content": content}


def _cut(promise: Promise) -> bool:
    """Whether `fields` may leave some fields of the answer out."""
    return promise.asks is not None and "fields" in promise.asks.model_fields


def _parts(schemas: dict[str, Any], promises: list[Promise]) -> dict[str, Any]:
    """The answers that may be cut to some fields: the same schemas, with nothing required."""
    wanted = [p.answers.__name__ for p in promises if p.answers and _cut(p)]
    found: dict[str, Any] = {}
    while wanted:
        name = wanted.pop()
        if PART.format(model=name) in found:
            continue
        schema, inside = _loosened(schemas[name])
        found[PART.format(model=name)] = schema
        wanted += inside
    return found


def _loosened(node: Any) -> tuple[Any, list[str]]:
    """A schema without `required`, and the models it refers to, whose loose kin it now names."""
    if isinstance(node, list):
        pairs = [_loosened(item) for item in node]
        return [item for item, _ in pairs], [name for _, names in pairs for name in names]
    if not isinstance(node, dict):
        return node, []
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        return {"$ref": REFERENCE.format(model=PART.format(model=name))}, [name]
    kept: dict[str, Any] = {}
    inside: list[str] = []
    for key, value in node.items():
        if key != "required" or not isinstance(value, list):
            kept[key], names = _loosened(value)
            inside += names
    return kept, inside
