"""What an endpoint promises, said beside it and read by the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request
from pydantic import BaseModel, ValidationError

from app.db import Page
from app.entrance import settings
from app.errors import Refused, Unreadable
from app.intake.schema import problems_of

View = TypeVar("View", bound=Callable[..., Any])
T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)

MOST_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Promise:
    """The contract of one endpoint: what it takes and what it answers.

    `repeatable`: Idempotency-Key is honoured, and what brings nothing new is answered with 200.
    `upload`: it takes a file, as the raw body or as the field `file` of a form.
    """

    summary: str
    takes: type[BaseModel] | None = None
    many: bool = False
    answers: type[BaseModel] | None = None
    listed: bool = False
    status: int = 200
    queries: tuple[str, ...] = ()
    repeatable: bool = False
    upload: bool = False


def promise(
    summary: str,
    *,
    takes: type[BaseModel] | None = None,
    many: bool = False,
    answers: type[BaseModel] | None = None,
    listed: bool = False,
    status: int = 200,
    queries: tuple[str, ...] = (),
    repeatable: bool = False,
    upload: bool = False,
) -> Callable[[View], View]:
    """Say what an endpoint takes and answers; `listed` answers are `{items, next}`."""

    def say(view: View) -> View:
        view.promise = Promise(  # type: ignore[attr-defined]
            summary, takes, many, answers, listed, status, queries, repeatable, upload
        )
        return view

    return say


def body(shape: type[B]) -> B:
    """The JSON object that was sent; nothing counts as an empty one. Raises Unreadable, Refused."""
    try:
        sent = request.get_json(silent=True) if request.get_data() else {}
    except RecursionError:  # nested deeper than anything that means something
        sent = None
    if not isinstance(sent, dict):
        raise Unreadable("send a JSON object, as application/json")
    try:
        return shape.model_validate(sent)
    except ValidationError as error:
        raise Refused("the body cannot be taken", problems_of(error, 1)) from None


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
    return f"{settings().base_url}{request.path}?{urlencode(kept | {'after': cursor})}"


def page_size() -> int:
    """The `limit` asked for, within bounds."""
    wanted = request.args.get("limit", "50")
    return min(max(int(wanted[:9]), 1), MOST_PER_PAGE) if wanted.isdecimal() else 50
