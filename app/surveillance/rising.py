"""GROWTH, FAMILY, BLOCK: what is reported more often than its own past and the samples explain.

One statistic for all nodes (statistics.emergence). A substance that emerges is GROWTH. Of a family,
a group or a cluster the same is FAMILY, of a building block BLOCK, where it is more than the growth
of one member (signals 5.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np

from app.surveillance.curves import Curves, Floats, Span
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.models import NodeKind, Rule, Tier
from app.surveillance.months import first_day
from app.surveillance.nodes import Node
from app.surveillance.ruleset import Ruleset
from app.surveillance.statistics.emergence import Emergence, EmergenceLimits, emerging
from app.surveillance.statistics.growth import NO_ONSET, predictive, rate_ratio, windows
from app.surveillance.statistics.multiplicity import adjusted

RULE_OF = {
    NodeKind.SUBSTANCE: Rule.GROWTH,
    NodeKind.FAMILY: Rule.FAMILY,
    NodeKind.GROUP: Rule.FAMILY,
    NodeKind.CLUSTER: Rule.FAMILY,
    NodeKind.BLOCK: Rule.BLOCK,
}
MOST_MEMBERS = 30  # named in the evidence, those with the most events first
