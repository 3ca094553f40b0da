"""A file in a request: the raw body with its name in the address, or a file field of a form."""

from __future__ import annotations

from typing import IO

from flask import request

from app.errors import Problem, Refused


def uploaded(most: int) -> tuple[bytes, str]:
    """Content and name of the file that was sent; never more than one byte beyond `most`.

    Raises Refused when a form holds no file.
    """
    if request.mimetype != "multipart/form-data":
        return _at_most(request.stream, most + 1), request.args.get("filename", "")
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refused("choose a file", (Problem("file", "no file was sent", code="missing"),))
    return _at_most(file.stream, most + 1), request.args.get("filename", "") or file.filename


def _at_most(stream: IO[bytes], size: int) -> bytes:
    parts = []
    while size > 0 and (part := stream.read(min(size, 65_536))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
