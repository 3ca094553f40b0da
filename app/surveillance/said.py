"""What was said of something, and on what grounds: on the same grounds the same is said again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Said:
    """Of each thing what was said last. Who keeps one sees to it that nothing else counts than the
    grounds (`Counted.once`)."""

    def __init__(self) -> None:
        self._last: dict[Hashable, tuple[Any, Any]] = {}

    def again(self, of: Hashable, grounds: Any, say: Callable[[], T]) -> T:
        """What was said of a thing on equal grounds, else what `say` says."""
        known, told = self._last.get(of, (None, None))
        said: T = told if known == grounds else say()
        # the grounds as they lie in memory now: who asks again finds them equal at once
        self._last[of] = grounds, said
        return said
