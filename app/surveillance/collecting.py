"""Holding the collector of circular garbage back while very many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collecting() -> Iterator[None]:
    """Meanwhile, objects are freed as nobody refers to them; those that refer to each other, later.

    An assessment makes a million objects, and hardly any of them in circles. To look for those
    again and again, in all that is kept besides, was up to a quarter of its time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
