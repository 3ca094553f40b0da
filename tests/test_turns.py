"""Turns at an embedded database: one thread after the other, and nobody is locked out."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import turns
from app.db import Database
from app.turns import Turn


def taken_elsewhere(turn: Turn) -> tuple[Thread, Event, Event]:
    """Another thread that has its turn until it is told to end."""
    begun, end = Event(), Event()

    def other() -> None:
        with turn.over_at_the_end():
            turn.take()
            begun.set()
            end.wait(30)

    thread = Thread(target=other)
    thread.start()
    assert begun.wait(30)
    return thread, begun, end


def test_a_turn_is_over_when_its_transaction_ends_even_if_by_an_error() -> None:
    turn = Turn()
    with pytest.raises(ZeroDivisionError), turn.over_at_the_end():
        turn.take()
        raise ZeroDivisionError
    thread, _, end = taken_elsewhere(turn)
    end.set()
    thread.join()


def test_who_waits_goes_on_when_the_other_ends() -> None:
    turn = Turn()
    thread, _, end = taken_elsewhere(turn)
    went_on = Event()

    def waiting() -> None:
        with turn.over_at_the_end():
            turn.take()
            went_on.set()

    second = Thread(target=waiting)
    second.start()
    assert not went_on.wait(0.05)
    end.set()
    assert went_on.wait(30)
    thread.join()
    second.join()


def test_a_transaction_inside_another_does_not_end_its_turn() -> None:
    turn, got = Turn(), Event()

    def other() -> None:
        with turn.over_at_the_end():
            turn.take()
            got.set()

    with turn.over_at_the_end():
        turn.take()
        with turn.over_at_the_end():
            turn.take()  # would wait for itself for ever
        thread = Thread(target=other)
        thread.start()
        assert not got.wait(0.05)
    thread.join(30)
    assert got.is_set()


def test_patience_ends_and_leaves_the_word_to_the_database(monkeypatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    turn = Turn()
    thread, _, end = taken_elsewhere(turn)
    with turn.over_at_the_end():
        turn.take()
        assert not turn.taken_here
    assert thread.is_alive(), "what was never taken was not given back"
    end.set()
    thread.join()
    with turn.over_at_the_end():
        turn.take()
        assert turn.taken_here
    assert not turn.taken_here


def test_another_process_is_waited_for_as_long_as_patience_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/two.sqlite"
    mine, theirs = Database(url), Database(url)  # each with turns of its own, as in two processes
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    with theirs.transaction() as session:
        session.execute(text("CREATE TABLE seen (n INTEGER)"))
        with pytest.raises(OperationalError, match="locked"), mine.transaction() as other:
            other.execute(text("SELECT 1"))
    monkeypatch.setattr(turns, "PATIENCE", 30)
    held, written = Event(), Event()

    def write() -> None:
        held.wait(30)
        with mine.transaction() as session:
            session.execute(text("INSERT INTO seen VALUES (1)"))
        written.set()

    thread = Thread(target=write)
    thread.start()
    with theirs.transaction() as session:
        session.execute(text("SELECT 1"))
        held.set()
        assert not written.wait(0.05)
    thread.join(30)
    assert written.is_set()
