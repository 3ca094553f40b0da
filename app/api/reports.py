"""Sending reports and sample counts; reading reports and receipts back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.access.roles import REPORTERS, SIGNED_IN
from app.api import api
from app.api.asking import NumberedAsked, RowsAsked, ask
from app.api.contract import USUAL_PAGE, answer, listing, promise
from app.api.receipts import ReceiptOut, fresh_receipt_out, receipt_out
from app.db import id_of
from app.entrance import actor, allow, database, now, problem, today
from app.errors import Problem, Unreadable
from app.intake import queries
from app.intake.activity import process_activity
from app.intake.keeping import PART_BYTES, Sent, receive, refuse
from app.intake.models import Submission
from app.intake.readers import read_json, read_ndjson
from app.intake.receipts import fresh_page, receipt_page
from app.intake.rows import Row
from app.intake.schema import ActivityIn, ReportIn
from app.intake.taking import take
from app.intake.whole import Settle, take_whole
from app.intake.words import Channel, Fate, SubmissionState

NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}


@api.post("/reports")
@allow(*REPORTERS)
@promise(
    "Send one report or many",
    takes=ReportIn,
    many=True,
    answers=ReceiptOut,
    status=201,
    repeatable=True,
)
def submit_reports() -> Response:
    """Accept one report or a list; answer with a receipt that tells the fate of each.

    201 when at least one row was taken, 200 when nothing was new, otherwise a problem document.
    The whole submission is kept in every case.
    """
    kind = _kind()
    with _body() as body:
        receipt = take(
            database(),
            _parts(body),
            lambda: _rows(body, kind),
            by=actor(),
            channel=Channel.API,
            clock=now,
            idempotency_key=request.headers.get("Idempotency-Key"),
            reading=kind,
        )
    if receipt.lines is None:
        return _receipt(receipt.submission.code, repeated=receipt.repeated)
    return _said(receipt.submission, fresh_receipt_out(receipt, receipt.lines, actor()))


@api.post("/activity")
@allow(*REPORTERS)
@promise(
    "Send samples analysed a month",
    takes=ActivityIn,
    many=True,
    answers=ReceiptOut,
    status=201,
    repeatable=True,
)
def submit_activity() -> Response:
    """Accept monthly sample counts, the denominator of every rate."""
    return settled_whole(partial(process_activity, by=actor(), now=now()))


def settled_whole(settle: Settle, most: int | None = None) -> Response:
    """Keep the body, settle its rows in one transaction, and answer with the receipt."""
    kind = _kind()
    sent = Sent(Channel.API, idempotency_key=request.headers.get("Idempotency-Key"))
    with _body() as body:
        submission, repeated = take_whole(
            database(),
            _parts(body),
            lambda: _rows(body, kind),
            sent,
            settle,
            by=actor(),
            now=now(),
            most=most,
        )
    return _receipt(submission.code, repeated=repeated)


@api.get("/submissions")
@allow(*SIGNED_IN)
@promise("Your submissions", answers=ReceiptOut, listed=True, asks=NumberedAsked)
def list_submissions() -> Response:
    """Submissions of your authority, newest first."""
    asked = ask(NumberedAsked)
    with database().reading() as session:
        page = queries.submissions(
            session, actor(), after=asked.after, limit=asked.limit or USUAL_PAGE
        )
        return listing(page, receipt_out)


@api.get("/submissions/<code>")
@allow(*SIGNED_IN)
@promise("One receipt", answers=ReceiptOut, asks=RowsAsked)
def show_submission(code: str) -> Response:
    """The receipt of one submission: the fate of every row and what happened since, in pages."""
    asked = ask(RowsAsked)
    fate, after = asked.fate, id_of(asked.after) or 0
    with database().reading() as session:
        submission = queries.submission_by_code(session, actor(), code)
        page = receipt_page(session, actor(), today(), submission, fate=fate, after=after)
        first = queries.repeated_by(session, submission)
        return answer(receipt_out(submission, page, fate=fate, repeats=first))


@contextmanager
def _body() -> Iterator[IO[bytes]]:
    """The whole body; on disk when it is long. It is read from the wire before any transaction, so
    that nobody waits for a slow sender. One too large is refused, and that is put on record."""
    try:
        with SpooledTemporaryFile(max_size=PART_BYTES) as body:
            while part := request.stream.read(PART_BYTES):
                body.write(part)
            yield body
    except RequestEntityTooLarge:
        limit = f"the limit is {current_app.config['MAX_CONTENT_LENGTH']} bytes"
        with database().transaction() as session:
            submission, _ = receive(session, [], Sent(Channel.API), by=actor(), now=now())
            refuse(submission, f"too large, so not kept; {limit}")
        detail = f"{limit}; send it in parts. That it came is on record as {submission.code}"
        raise RequestEntityTooLarge(detail) from None


def _parts(body: IO[bytes]) -> Iterator[bytes]:
    body.seek(0)
    while part := body.read(PART_BYTES):
        yield part


def _kind() -> str:
    """How the body is to be read, by what the sender says it is."""
    if request.mimetype in NDJSON:
        return "ndjson"
    return "json" if request.mimetype == "application/json" else ""


def _rows(body: IO[bytes], kind: str) -> Iterable[Row]:
    body.seek(0)
    if kind == "ndjson":
        return read_ndjson(body)
    if kind == "json":
        return read_json(body.read())
    said = request.mimetype or "nothing"
    raise Unreadable(f'send application/json or application/x-ndjson, not "{said}"')


def _receipt(code: str, *, repeated: bool = False) -> Response:
    """The receipt as an answer: its status says whether anything was taken."""
    with database().reading() as session:
        submission = queries.submission_by_code(session, actor(), code)
        page = (
            receipt_page(session, actor(), today(), submission)
            if repeated
            else fresh_page(session, submission)
        )
        body = receipt_out(submission, page)
    return _said(submission, body, repeated=repeated)


def _said(submission: Submission, body: ReceiptOut, *, repeated: bool = False) -> Response:
    fates = set(submission.fates)
    if submission.state is SubmissionState.REFUSED:
        return problem(400, "Not readable", submission.problem or "", submission=submission.code)
    if fates == {Fate.REJECTED.value}:
        return _nothing_taken(submission, body)
    if repeated or fates <= {Fate.UNCHANGED.value, Fate.REJECTED.value}:
        return answer(body, 200)
    response = answer(body, 201)
    response.headers["Location"] = body.url
    return response


def _nothing_taken(submission: Submission, receipt: ReceiptOut) -> Response:
    """Every row was rejected: one problem document naming each row and field."""
    notes: list[dict[str, Any]] = [note for row in receipt.rows for note in row.notes]
    codes = {note["code"] for note in notes}
    status = 422
    if codes == {"foreign_country"}:
        status = 403
    elif codes == {"conflict"}:
        status = 409
    found = tuple(Problem(n["field"], n["message"], n.get("row"), n["code"]) for n in notes)
    detail = f"nothing was taken; what you sent is kept as {submission.code}"
    return problem(
        status,
        "No row could be taken",
        detail,
        found=found,
        receipt=receipt.model_dump(mode="json"),
    )
