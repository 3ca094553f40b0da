"""The collector waits while it is asked to, and not for ever."""

from __future__ import annotations

import gc

import pytest

from app.surveillance.collecting import no_collecting


def test_it_waits_and_goes_on_even_after_a_failure() -> None:
    assert gc.isenabled()
    with no_collecting(), no_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), no_collecting():
        _ = 1 / 0
    assert gc.isenabled()


def test_who_had_it_off_has_it_off() -> None:
    gc.disable()
    try:
        with no_collecting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
