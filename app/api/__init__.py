"""The JSON API under /api/v1: thin endpoints over the rooms' verbs and queries."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("api", __name__)

from app.api import (  # noqa: E402, F401 - each module hangs its routes on the blueprint above
    attachments,
    codes,
    curation,
    documents,
    duplicates,
    facts,
    feeds,
    figures,
    handling,
    lives,
    priority,
    reading,
    register,
    reports,
    signals,
    subscriptions,
    webhooks,
)
from app.api.contract import refuse_unknown_questions  # noqa: E402

api.before_request(refuse_unknown_questions)
