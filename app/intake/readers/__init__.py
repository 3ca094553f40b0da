"""Reading what was sent into rows, one module a format.

    opening     picks the reader by a file's suffix
    delimited   CSV and its kin          ┐
    xlsx        workbooks                ├ rows of cells or data fields: columns, then grouping
    sdf         structures with data     ┘
    jsontext    JSON and NDJSON

A reader never stops at a bad row: it hands on what is wrong with it, naming row, field and remedy.
It raises Unreadable only when nothing can be read at all. It holds one report in memory, whatever
the length of the file.
"""

from app.intake.readers.delimited import read_delimited
from app.intake.readers.jsontext import (
    lines_of,
    read_json,
    read_json_file,
    read_ndjson,
    read_ndjson_file,
)
from app.intake.readers.opening import READ, open_rows
from app.intake.readers.sdf import read_sdf
from app.intake.readers.xlsx import read_xlsx

__all__ = [
    "READ",
    "lines_of",
    "open_rows",
    "read_delimited",
    "read_json",
    "read_json_file",
    "read_ndjson",
    "read_ndjson_file",
    "read_sdf",
    "read_xlsx",
]
