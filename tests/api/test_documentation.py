"""docs/api.md tells of every list and every parameter that the OpenAPI document has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.fixture
def lists(client):
    """The path and parameters of each list."""
    paths = client.get("/api/v1/openapi.json").json["paths"]
    return {
        path: [p["name"] for p in item["get"]["parameters"]]
        for path, item in paths.items()
        if "get" in item and "{" not in path
    }


def test_every_list_is_in_its_table(lists):
    table = re.findall(r"`(/[a-z/]+)`", PAGE.split("## Filters")[0])
    assert set(lists) <= set(table)
    assert set(table) - set(lists) <= {"/api/v"}


def test_every_parameter_is_told_and_none_that_there_is_not(lists):
    asked = {name for names in lists.values() for name in names}
    told = set(re.findall(r"`([a-z_]+)`?", PAGE)) | set(re.findall(r"`([a-z_]+)=", PAGE))
    assert asked <= told
    first_cells = re.findall(r"^\| (`.*?) \|", PAGE.split("## Filters")[1], re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`([a-z_]+)`", cell)}
    assert named <= asked


def test_every_filter_names_the_lists_that_have_it(lists):
    rows = re.findall(r"^\| (`.*?) \| .*? \| (.*?) \|$", PAGE.split("## Filters")[1], re.MULTILINE)
    for parameters, where in rows:
        for path in re.findall(r"[a-z]+(?:/sent)?", where):
            if f"/{path}" in lists:
                assert any(f"`{name}`" in parameters for name in lists[f"/{path}"]), (path, rows)


def test_the_files_are_those_that_the_document_offers(client):
    paths = client.get("/api/v1/openapi.json").json["paths"]
    kinds = {"text/csv": "CSV", "application/x-ndjson": "NDJSON", "chemical/x-mdl-sdfile": "SDF"}
    for path, files in re.findall(r"^\| `(/[a-z/]+)` \|.*\| ([A-Z, ]*) ?\|$", PAGE, re.MULTILINE):
        content = paths[path]["get"]["responses"]["200"]["content"]
        offered = ", ".join(word for kind, word in kinds.items() if kind in content)
        assert offered == files.strip(), path
