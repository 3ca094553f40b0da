"""Portions of a large register read side by side, each by a process and a connection of its own.

Reading keeps one processor busy: an embedded database has one thread for a statement, a server one
process. Each process sees what has been committed, so that this is for days that are settled
(`rollup`): what is received later changes nothing of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from sqlalchemy.orm import Session

from app.db import Database
from app.surveillance.reading import Asked, Portion, portion_of
from app.surveillance.rows import Known

MOST = 4  # processes: each holds a portion, some hundred megabytes
WORTH_IT = 4  # portions, from which on to begin processes costs little beside them


def processes(portions: int) -> int:
    """How many processes should read so many portions: one is this one."""
    at_hand = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(at_hand or 1, MOST) if portions >= WORTH_IT else 1


def read_abreast(
    session: Session, asked: Asked, portions: Sequence[Portion], *, among: int | None = None
) -> Iterator[Known]:
    """The portions in their order, read by `among` processes, or as many as are worth it."""
    among = among or processes(len(portions))
    if among == 1:
        for portion in portions:
            yield portion_of(session, asked, portion)
        return
    url = session.get_bind().engine.url.render_as_string(hide_password=False)
    # begun anew and not forked: connections and threads of this process are not theirs
    with ProcessPoolExecutor(among, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(_read, url, asked), portions)


def _read(url: str, asked: Asked, portion: Portion) -> Known:
    database = Database(url)
    try:
        with database.reading() as session:
            return portion_of(session, asked, portion)
    finally:
        database.engine.dispose()
