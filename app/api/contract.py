"""What an endpoint promises, said beside it and read by the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, current_app, jsonify, request
from pydantic import BaseModel, ValidationError

from app.api.asking import Asked, unknown
from app.db import Page
from app.entrance import settings
from app.errors import Refused, Unreadable
from app.intake.schema import problems_of

View = TypeVar("View", bound=Callable[..., Any])
T = TypeVar("T")
B = TypeVar("B", bound=BaseModel)

USUAL_PAGE = 50


@dataclass(frozen=True, slots=True)
class Promise:
    """The contract of one endpoint: what it takes and what it answers.

    `asks` is the model of its query parameters; `queries` names those that are free text.
    `repeatable`: Idempotency-Key is honoured, and what brings nothing new is answered with 200.
    `upload`: it takes a file, as the raw body or as the field `file` of a form; one that is there
    already is answered with 200.
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
    asks: type[Asked] | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of all its query parameters."""
        return (*(self.asks.model_fields if self.asks else ()), *self.queries)


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
    asks: type[Asked] | None = None,
) -> Callable[[View], View]:
    """Say what an endpoint takes and answers; `listed` answers are `{items, next}`."""

    def say(view: View) -> View:
        view.promise = Promise(  # type: ignore[attr-defined]
            summary,
            takes,
            many,
            answers,
            listed,
            status,
            queries,
            repeatable,
            upload,
            asks,
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
    return jsonify({"items": items, "next": next_url(page.next)})


def next_url(cursor: str | None) -> str | None:
    """The address of the next page."""
    if cursor is None:
        return None
    kept = {k: v for k, v in request.args.items() if k != "after"}
    return f"{settings().base_url}{request.path}?{urlencode(kept | {'after': cursor})}"


def refuse_unknown_questions() -> None:
    """A parameter that an endpoint does not know is no wish that may be passed over in silence."""
    view = current_app.view_functions.get(request.endpoint or "")
    promised: Promise | None = getattr(view, "promise", None)
    if promised is None or request.method not in {"GET", "HEAD", "DELETE"}:
        return
    if problems := unknown(list(request.args), promised.asked):
        raise Refused("; ".join(str(p) for p in problems), problems)
