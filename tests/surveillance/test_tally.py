"""Events of all nodes at once are those of each node by itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.db import Database
from app.surveillance import arrays
from app.surveillance.arrays import CELL, COUNTED, KEY
from app.surveillance.exposure import exposed, looked, own_events
from app.surveillance.months import first_day, month_of
from app.surveillance.nodes import kin, nodes
from app.surveillance.sightings import exposures
from app.surveillance.stock import records
from app.surveillance.stretches import Span, spans
from app.surveillance.tally import Tally
from tests.surveillance.changing import KNOWN_LATER, World, arriving, declared
from tests.surveillance.making import AS_OF, morning
from tests.surveillance.reference import Cells, counted, exposure, known_events, known_volumes

SINCE = month_of(AS_OF) - 4


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=st.lists(arriving, min_size=3, max_size=8),
    later=st.lists(KNOWN_LATER, max_size=4),
    samples=st.lists(
        st.builds(declared, st.sampled_from(["DE", "FR"]), st.integers(1, 50), st.integers(0, 9)),
        max_size=4,
    ),
)
def test_at_every_level_they_are_what_the_cells_of_each_node_add_up_to(
    database: Database, first: list[Any], later: list[Any], samples: list[Any]
) -> None:
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            world = World(session)
            world.found()
            for n, step in enumerate([*first, *later, *samples]):
                step(world, morning(AS_OF - timedelta(days=20 - n)))
            session.flush()
            assert_same(session)
        transaction.rollback()


def assert_same(session: Session) -> None:
    found = known_events(session, AS_OF, SINCE)
    every = nodes(kin(session))
    tally = Tally.of_events(found, every, as_of=AS_OF, since=SINCE)
    volume = known_volumes(session, AS_OF)
    for level in Handling:
        each = counted(found, every, as_of=AS_OF, since=SINCE, ceiling=level)
        assert np.array_equal(tally.series(level), each.series())
        told = exposure(session, each, ceiling=level)
        said = exposures(session, as_of=AS_OF, since=date.min, ceiling=level)
        whom = looked(volume, said, since=SINCE, months=tally.months, ceiling=level)
        same = exposed(every, whom, own_events(tally, whom, level))
        assert same.total.tolist() == told.total.tolist()
        assert same.basis.tolist() == told.basis.tolist()
        begins = np.arange(len(every)) % tally.months  # a month of its own for each node
        places = np.arange(len(every))
        cells, of = tally.of(places, begins, level)
        for place, span in enumerate(spans(tally, places, begins, level)):
            mine = each.of(place)
            late = mine.where(mine.month >= SINCE + begins[place])
            own = records({name: column[of == place] for name, column in cells.items()}, CELL)
            own = arrays.summed(own, KEY, COUNTED)
            own = own[own["events"] > 0]
            for name in set(COUNTED) - {"weighted"}:
                assert own[name].sum() == getattr(late, name).sum()
            assert span == plainly(late)


def plainly(cells: Cells) -> Span:
    """What a node's cells say, one by one."""
    now = month_of(AS_OF)
    months = cells.month.tolist()
    by_reporter = set(zip(cells.authority.tolist(), months, strict=True))
    return Span(
        countries=tuple(sorted({country.decode() for country in cells.country.tolist()})),
        events=cells.events.sum(),
        confirmed=cells.confirmed.sum(),
        deaths=cells.deaths.sum(),
        first=first_day(min(months, default=now)),
        last=first_day(max(months, default=now)),
        simulated=bool(cells.simulated.any()),
        sightings=len(by_reporter),
        reporters=len({authority for authority, _ in by_reporter}),
    )
