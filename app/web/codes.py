"""What may be sent, and empty tables to fill in; both made from the schema."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, render_template

from app.access.roles import Role
from app.entrance import allow
from app.intake.codes import COUNTRY, codes
from app.intake.templates import csv_template, xlsx_template
from app.web import web

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@web.get("/docs/codes")
@allow(Role.PUBLIC)
def code_lists() -> Any:
    """Every field and every code with its meaning."""
    return render_template("codes.html", told=codes(), country_list=COUNTRY)


@web.get("/docs/codes.json")
@allow(Role.PUBLIC)
def code_lists_json() -> Response:
    """The same for machines."""
    return jsonify(codes().model_dump(mode="json"))


@web.get("/templates/reports.csv")
@allow(Role.PUBLIC)
def template_csv() -> Response:
    """An empty table for any spreadsheet."""
    return _attached(csv_template(), "text/csv; charset=utf-8", "tocsin-reports.csv")


@web.get("/templates/reports.xlsx")
@allow(Role.PUBLIC)
def template_xlsx() -> Response:
    """An empty table with drop-downs, and a sheet that explains it."""
    return _attached(xlsx_template(), XLSX, "tocsin-reports.xlsx")


def _attached(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=kind, headers=headers)
