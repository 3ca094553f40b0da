"""What an edition names, as a condition on the newest edition of an alert.

A notice is about one thing. What people wrote may name many substances and lists in its detail the
groups and families they are of, so it is found under each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_

from app.notification.models import Alert, Edition, Product
from app.registry.models import code_of


def of_group(group: str) -> ColumnElement[bool]:
    """Editions about a group, or about something of it."""
    return or_(Edition.detail["group"].as_string() == group, lists("groups", group))


def of_family(family: str) -> ColumnElement[bool]:
    """The same of a family."""
    return or_(Edition.detail["family"].as_string() == family, lists("families", family))


def of_substances(ids: Sequence[int]) -> ColumnElement[bool]:
    """Alerts about one of these substances, or that name it among others."""
    named = (lists("substances", code_of(number)) for number in ids)
    return or_(Alert.substance_id.in_(ids), *named)


def lists(name: str, word: str) -> ColumnElement[bool]:
    """What people wrote that has a word in a list of its detail.

    The list is JSON, so the quoted word is found in its text; only what people wrote is read, which
    is little beside the notices.
    """
    text = Edition.detail[name].as_string()
    return and_(Alert.product != Product.NOTICE, text.contains(f'"{word}"', autoescape=True))
