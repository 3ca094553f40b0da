"""What a subscription lets pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.registry.models import Substance


def passes(filters: Mapping[str, Any], substance: Substance, countries: Sequence[str]) -> bool:
    """Whether an alert about the substance, seen in these countries, passes every filter.

    A filter that is absent lets everything pass.
    """
    groups, wanted = filters.get("groups"), filters.get("countries")
    return (not groups or substance.group in groups) and (
        not wanted or any(country in wanted for country in countries)
    )
