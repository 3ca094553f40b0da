"""Fields, codes and templates are there for everybody, alike for people and machines."""

from __future__ import annotations

import io

from flask import Flask
from openpyxl import load_workbook

from app.intake.codes import codes


def test_the_page_tells_every_field_and_code(empty_app: Flask):
    text = empty_app.test_client().get("/docs/codes").text
    for part in codes().parts:
        for field in part.fields:
            assert f'id="{part.name}-{field.name}"' in text
    for listed in codes().code_lists:
        assert f'id="list-{listed.name}"' in text
        assert f'href="#list-{listed.name}"' in text
        for one in listed.codes:
            assert f"<code>{one.code.replace('<', '&lt;')}</code>" in text


def test_machines_are_told_the_same_at_both_addresses(empty_app: Flask):
    client = empty_app.test_client()
    page, api = client.get("/docs/codes.json"), client.get("/api/v1/codes")
    assert page.json == api.json == codes().model_dump(mode="json")


def test_templates_are_downloads(empty_app: Flask):
    client = empty_app.test_client()
    csv = client.get("/templates/reports.csv")
    assert csv.mimetype == "text/csv" and "attachment" in csv.headers["Content-Disposition"]
    assert csv.data.startswith(b"\xef\xbb\xbfreference,")
    book = load_workbook(io.BytesIO(client.get("/templates/reports.xlsx").data))
    assert book.sheetnames == ["reports", "codes"]
