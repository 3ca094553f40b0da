"""How a list leaves: a page of JSON, or all of it as CSV, NDJSON or an SD file, in one stream.

A file is never cut short: without `limit` it is the whole list, read from the database as it is
sent, so that a million rows need no more memory than a hundred. It sees one moment of the database.
What the secretariat reads out of other authorities' restricted rows is put on the audit trail
before the first of them leaves.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

from flask import Response, jsonify, request, stream_with_context
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.access.service import record
from app.api.asking import Filed, Format, Listed
from app.api.contract import USUAL_PAGE, next_url
from app.api.fields import cell, chosen, pick, picker
from app.entrance import actor, database, now, today
from app.errors import Problem, Refused
from app.paging import page_of
from app.spreadsheets import plain_cell
from chem.sdf import sd_record

T = TypeVar("T")

MIMETYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.NDJSON: "application/x-ndjson",
    Format.SDF: "chemical/x-mdl-sdfile",
}
TABLES = (Format.JSON, Format.CSV, Format.NDJSON)
BLOCK = 64 * 1024  # characters sent at a time


def _as_json(said: BaseModel) -> dict[str, Any]:
    return said.model_dump(mode="json")


def _one_row(said: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return (said,)


@dataclass(frozen=True, slots=True)
class List(Generic[T]):
    """One list as its endpoint describes it.

    `rows` reads it from a cursor, at most so many; `say` makes the answer of a row. `drawn` is the
    structure of a row of the table where there are SD files. `guarded` tells a row of others that
    peers do not see, `guarded_rows` how many such rows the whole list has. A table whose rows are
    not the items of the list says its `columns` and how an item is `tabled`.
    """

    name: str
    model: type[BaseModel]
    rows: Callable[[Session, str | None, int | None], Iterator[tuple[T, str]]]
    say: Callable[[T], BaseModel]
    drawn: Callable[[T, dict[str, Any]], str | None] | None = None
    guarded: Callable[[T], bool] | None = None
    guarded_rows: Callable[[Session], int] | None = None
    plain: Callable[[BaseModel], dict[str, Any]] = _as_json
    columns: tuple[str, ...] = ()
    tabled: Callable[[dict[str, Any]], Iterable[dict[str, Any]]] = _one_row

    @property
    def formats(self) -> tuple[Format, ...]:
        """What it can be written as."""
        return (*TABLES, Format.SDF) if self.drawn else TABLES


def deliver(what: List[T], asked: Filed) -> Response:
    """The list as it was asked for. Raises Refused for what it cannot be."""
    fields = asked.fields if isinstance(asked, Listed) else None
    columns = what.columns or chosen(what.model, fields)
    form = _format(what, asked)
    if form is Format.JSON or asked.limit is not None:
        return _page(what, asked, form, columns, cut=fields is not None)
    return _whole(what, asked, form, columns)


def _format(what: List[T], asked: Filed) -> Format:
    """As the parameter says, else as the Accept header prefers."""
    if asked.format is None:
        offered = {MIMETYPES[one]: one for one in what.formats}
        best = request.accept_mimetypes.best_match(list(offered), MIMETYPES[Format.JSON])
        return offered[best]
    if asked.format not in what.formats:
        wrong = f"{what.name} come as {', '.join(what.formats)}"
        raise Refused(f"format: {wrong}", (Problem("format", wrong),))
    return asked.format


def _page(
    what: List[T], asked: Filed, form: Format, columns: tuple[str, ...], *, cut: bool
) -> Response:
    """One page. In a file there is no place for the address of the next: it is in `Link`."""
    limit = asked.limit or USUAL_PAGE
    with database().reading() as session:
        page = page_of(what.rows(session, asked.after, limit), limit)
        said = [what.plain(what.say(item)) for item in page.items]
    if what.guarded:
        _put_on_record(what, form, sum(map(what.guarded, page.items)))
    onward = next_url(page.next)
    if form is Format.JSON:
        tree = picker(columns) if cut else {}
        return jsonify({"items": [pick(one, tree) for one in said], "next": onward})
    pairs = zip(said, page.items, strict=True)
    response = _file(what, form, "".join(_written(what, form, columns, pairs)))
    if onward:
        response.headers["Link"] = f'<{onward}>; rel="next"'
    return response


def _whole(what: List[T], asked: Filed, form: Format, columns: tuple[str, ...]) -> Response:
    stream = _blocks(_streamed(what, asked, form, columns))
    # the first block is made before an answer is begun, so that an error is answered as one
    first = next(stream, "")
    return _file(what, form, stream_with_context(chain([first], stream)))


def _streamed(what: List[T], asked: Filed, form: Format, columns: tuple[str, ...]) -> Iterator[str]:
    with database().snapshot() as session:
        if what.guarded_rows:
            _put_on_record(what, form, what.guarded_rows(session))
        rows = what.rows(session, asked.after, None)
        yield from _written(what, form, columns, ((what.plain(what.say(r)), r) for r, _ in rows))


def _put_on_record(what: List[T], form: Format, rows: int) -> None:
    """Who read how many restricted rows of others, and what they asked for."""
    if rows:
        with database().transaction() as session:
            asked = request.args.to_dict()
            record(session, actor(), "rows.read_out", what.name, now(), rows=rows,
                   format=form.value, asked=asked)  # fmt: skip


def _file(what: List[T], form: Format, content: Any) -> Response:
    name = f"tocsin-{what.name.replace(' ', '-')}-{today()}.{form.value}"
    return Response(
        content,
        mimetype=MIMETYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _written(what: List[T], form: Format, columns: tuple[str, ...], rows: Any) -> Iterator[str]:
    """The text of a file, piece by piece. `rows` are pairs of what is said and the row itself."""
    split = [column.split(".") for column in columns]
    if form is Format.NDJSON:
        tree = {} if what.columns else picker(columns)
        for said, _ in rows:
            yield json.dumps(pick(said, tree), ensure_ascii=False, separators=(",", ":")) + "\n"
    elif form is Format.SDF and what.drawn:
        for said, item in rows:
            for row in what.tabled(said):
                fields = {c: cell(row, p) for c, p in zip(columns, split, strict=True)}
                yield sd_record(what.drawn(item, row), fields)
    else:
        yield csv_line(columns)
        for said, _ in rows:
            for row in what.tabled(said):
                yield csv_line([plain_cell(cell(row, path)) for path in split])


def csv_line(cells: Any) -> str:
    """One line of a CSV file."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _blocks(pieces: Iterator[str]) -> Iterator[str]:
    """The same text in pieces worth sending."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield "".join(held)
            held, size = [], 0
    if held:
        yield "".join(held)
