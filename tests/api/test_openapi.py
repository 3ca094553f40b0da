"""The OpenAPI document says what the API does."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter

from app.intake.schema import ReportIn
from tests.reporting import report

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(client):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json


def nodes(node):
    yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from nodes(child)


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield path, method, operation


def test_it_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] and document["info"]["version"]
    assert document["servers"][0]["url"] == "http://tocsin.test/api/v1"


def test_every_reference_leads_somewhere(document):
    references = {n["$ref"] for n in nodes(document) if isinstance(n, dict) and "$ref" in n}
    assert references
    for reference in references:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_route_of_the_api_is_in_it(app, document):
    described = {(path, method) for path, method, _ in operations(document)}
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routes - {("/openapi.json", "get")}


def test_operations_are_told_apart_and_their_parameters_declared(document):
    seen = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(seen) == len(set(seen))
    for path, _, operation in operations(document):
        declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path))
        assert operation["summary"] and operation["responses"]
        assert all(re.fullmatch(r"[1-5]\d\d|default", code) for code in operation["responses"])


def test_who_needs_a_key_is_said(document):
    submit = document["paths"]["/reports"]["post"]
    assert submit["security"] == [{"key": []}]
    assert submit["x-roles"] == ["focal_point", "laboratory"]
    assert "security" not in document["paths"]["/substances"]["get"]
    assert "Idempotency-Key" in {p["name"] for p in submit["parameters"]}


def test_the_schema_of_a_report_is_the_one_reports_are_read_by(document):
    schema = document["components"]["schemas"]["ReportIn"]
    own = TypeAdapter(ReportIn).json_schema()
    assert set(schema["properties"]) == set(own["properties"]) == set(ReportIn.model_fields)
    assert schema["required"] == own["required"]
    assert schema["additionalProperties"] is False


def test_an_example_fits_the_schema_and_is_taken(document, post):
    schemas = document["components"]["schemas"]
    assert not list(misfits(report(), schemas["ReportIn"], schemas))
    assert list(misfits(report(colour=1), schemas["ReportIn"], schemas))
    answer = post(report())
    assert not list(misfits(answer.json, schemas["ReceiptOut"], schemas))


def misfits(value, schema, schemas):
    """What in `value` the schema does not allow: types, enums, required and unknown fields."""
    if "$ref" in schema:
        yield from misfits(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
        return
    if "anyOf" in schema:
        if all(list(misfits(value, one, schemas)) for one in schema["anyOf"]):
            yield f"{value!r} fits none of {schema['anyOf']}"
        return
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    kind = kinds.get(schema.get("type"), object)
    if schema.get("type") == "null":
        kind = type(None)
    if not isinstance(value, kind) or ("enum" in schema and value not in schema["enum"]):
        yield f"{value!r} is no {schema}"
        return
    if isinstance(value, dict) and "properties" in schema:
        fields = schema["properties"]
        yield from (
            f"{name} is missing" for name in schema.get("required", []) if name not in value
        )
        for name, inner in value.items():
            if name in fields:
                yield from misfits(inner, fields[name], schemas)
            elif schema.get("additionalProperties", True) is False:
                yield f"{name} is unknown"
    if isinstance(value, list):
        for item in value:
            yield from misfits(item, schema.get("items", {}), schemas)
