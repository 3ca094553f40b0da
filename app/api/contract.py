"""What an endpoint promises, said beside it and read by the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request
from pydantic import BaseModel

from app.db import Page

View = TypeVar("View", bound=Callable[..., Any])
T = TypeVar("T")

MOST_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Promise:
    """The contract of one endpoint: what it takes and what it answers."""

    summary: str
    takes: type[BaseModel] | None = None
    many: bool = False
    answers: type[BaseModel] | None = None
    listed: bool = False
    status: int = 200
    queries: tuple[str, ...] = ()


def promise(
    summary: str,
    *,
    takes: type[BaseModel] | None = None,
    many: bool = False,
    answers: type[BaseModel] | None = None,
    listed: bool = False,
    status: int = 200,
    queries: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Say what an endpoint takes and answers; `listed` answers are `{items, next}`."""

    def say(view: View) -> View:
        view.promise = Promise(summary, takes, many, answers, listed, status, queries)  # type: ignore[attr-defined]
        return view

    return say


def answer(body: BaseModel, status: int = 200) -> Response:
    """One thing as JSON."""
    response = jsonify(body.model_dump(mode="json"))
    response.status_code = status
    return response


def listing(page: Page[T], shape: Callable[[T], BaseModel]) -> Response:
    """A page of things: `{"items": [...], "next": url-or-null}`."""
    items = [shape(item).model_dump(mode="json") for item in page.items]
    return jsonify({"items": items, "next": _next_url(page.next)})


def _next_url(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = {k: v for k, v in request.args.items() if k != "after"}
    return f"{request.base_url}?{urlencode(kept | {'after': cursor})}"


def page_size() -> int:
    """The `limit` asked for, within bounds."""
    wanted = request.args.get("limit", "50")
    return min(max(int(wanted), 1), MOST_PER_PAGE) if wanted.isdecimal() else 50
