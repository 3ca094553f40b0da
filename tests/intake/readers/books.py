"""Workbooks for tests: as openpyxl writes them, and written by hand where they are to be wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook

from tests.intake.readers.reading import COLUMNS

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEADER = (*COLUMNS, "substance_name", "quantity", "unit", "purity_percent", "structure")


def book(
    *rows: Sequence[Any], sheets: Mapping[str, Sequence[Sequence[Any]]] | None = None
) -> bytes:
    """A workbook of these rows below our header, or of these sheets as they are."""
    made = Workbook()
    made.remove(made.active)
    for name, lines in (sheets or {"Sheet1": [HEADER, *rows]}).items():
        sheet = made.create_sheet(name)
        for line in lines:
            sheet.append(line)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def cell(value: str) -> str:
    return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def row(*values: str) -> str:
    return f"<row>{''.join(map(cell, values))}</row>"


LINE = ("R-1", "seizure", "2026-11-02", "DE")


def by_hand(
    data: str | bytes = row(*COLUMNS, "substance_name") + row(*LINE, "x"),
    *,
    before: str = "",
    texts: str | None = None,
    styles: str = "",
    more: Mapping[str, bytes] | None = None,
    packing: int = zipfile.ZIP_DEFLATED,
    **replaced: str | bytes | None,
) -> bytes:
    """A workbook whose first sheet has this XML as its data; `replaced` are whole members."""
    kinds = ("worksheet", "sharedStrings", "styles")
    targets = ("worksheets/sheet1.xml", "sharedStrings.xml", "styles.xml")
    links = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(zip(kinds, targets, strict=True))
    )
    data = data if isinstance(data, bytes) else data.encode()
    members: dict[str, str | bytes | None] = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="b" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="one" sheetId="1" r:id="r0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{MAIN}"><sheetData>'.encode()
        + data
        + b"</sheetData></worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts or ""}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
    }
    for name, content in replaced.items():
        key = next(key for key in members if key.rpartition("/")[2].partition(".")[0] == name)
        members[key] = content
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in {**members, **(more or {})}.items():
            if content is not None:
                archive.writestr(name, content)
    return file.getvalue()
