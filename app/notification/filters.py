"""What a subscription lets pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.notification.about import About


def passes(filters: Mapping[str, Any], about: About, countries: Sequence[str]) -> bool:
    """Whether an alert about that, seen in these countries, passes every filter.

    A filter that is absent lets everything pass.
    """
    groups, wanted = filters.get("groups"), filters.get("countries")
    return (not groups or not about.groups.isdisjoint(groups)) and (
        not wanted or any(country in wanted for country in countries)
    )
