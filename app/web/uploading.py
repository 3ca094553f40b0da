"""Sending a file from a page: kept first, read at once when it is short, else by the worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from flask import redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from app.access.roles import REPORTERS
from app.entrance import actor, allow, database, now, settings
from app.errors import Conflict, NotFound, Refused
from app.intake.files import keep_file, rehearse_file, take_up
from app.intake.judging import Judged
from app.intake.keeping import PART_BYTES, Arrival
from app.intake.profiles import load_profile, profile_names
from app.intake.profiles.keeping import own_profiles
from app.intake.readers import READ
from app.intake.tally import Tally
from app.intake.words import Fate
from app.web import web

AT_ONCE = 1024 * 1024  # bytes that are read while the sender waits
REHEARSED = 5_000  # reports that a dry run looks at
MOST_SHOWN = 100
MB = 1024 * 1024


class Rehearsal(NamedTuple):
    """What a dry run found: numbers, the first reports with something to say, and whether it went
    through to the end of the file."""

    tally: Tally
    remarked: list[Judged]
    whole: bool


@web.before_app_request
def _make_room() -> None:
    """Files are larger than other bodies; this is said before anybody looks into the form."""
    if request.endpoint != "web.upload":
        return
    request.max_content_length = settings().max_upload_mb * MB
    if (request.content_length or 0) > request.max_content_length:
        most = f"{settings().max_upload_mb:,} MB"
        raise Refused(f"the file is larger than {most}; send it in parts, or with: tocsin import")


@web.get("/reports/upload")
@allow(*REPORTERS)
def choose_upload() -> Any:
    """Choose a file and how it is read."""
    return _page()


@web.post("/reports/upload")
@allow(*REPORTERS)
def upload() -> Any:
    """Take a file in, or say what would become of it."""
    profile = request.form.get("profile") or None
    try:
        file = _chosen()
        if request.form.get("dry_run"):
            return _page(profile=profile, rehearsal=_rehearse(file, profile), name=_name(file))
        return redirect(url_for("web.submission", code=_take(file, profile)))
    except (NotFound, Refused) as refusal:
        return _page(profile=profile, refusal=refusal), 422


def _take(file: FileStorage, profile: str | None) -> str:
    """The code of the submission that the file became."""
    submission, arrival = keep_file(
        database(), _parts(file), _name(file), by=actor(), now=now(), profile=profile
    )
    if arrival is not Arrival.ANSWERED and submission.content_bytes <= AT_ONCE:
        with suppress(Conflict, Refused):  # the worker was quicker, or its page says what is wrong
            take_up(database(), submission.id, clock=now)
    return submission.code


def _chosen() -> FileStorage:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refused("choose a file first")
    return file


def _name(file: FileStorage) -> str:
    """The file's own name, without the folders that some browsers send."""
    return PurePosixPath((file.filename or "").replace("\\", "/")).name


def _parts(file: FileStorage) -> Iterator[bytes]:
    while part := file.stream.read(PART_BYTES):
        yield part


def _rehearse(file: FileStorage, profile: str | None) -> Rehearsal:
    with TemporaryDirectory(prefix="tocsin-") as folder:
        path = Path(folder) / f"rehearsed{Path(_name(file)).suffix.lower()[:10]}"
        file.save(path)
        judged = rehearse_file(database(), path, by=actor(), clock=now, profile=profile)
        tally, remarked = Tally(), list[Judged]()
        for one in islice(judged, REHEARSED):
            tally.add([one])
            if (one.notes or one.fate is Fate.REJECTED) and len(remarked) < MOST_SHOWN:
                remarked.append(one)
        return Rehearsal(tally, remarked, whole=next(judged, None) is None)


def _page(
    *,
    profile: str | None = None,
    refusal: NotFound | Refused | None = None,
    rehearsal: Rehearsal | None = None,
    name: str = "",
) -> str:
    with database().reading() as session:
        own = [(one.name, one.title) for one in own_profiles(session, actor().authority_id)]
    names = {one for one, _ in own}
    shipped = [(one, load_profile(one).title) for one in profile_names() if one not in names]
    return render_template(
        "upload.html",
        profiles=[*own, *shipped],
        profile=profile,
        refusal=refusal,
        problems=refusal.problems if isinstance(refusal, Refused) else (),
        rehearsal=rehearsal,
        name=name,
        kinds=READ,
        most_mb=settings().max_upload_mb,
        most_shown=MOST_SHOWN,
    )
