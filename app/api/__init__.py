"""The JSON API under /api/v1: thin endpoints over the rooms' verbs and queries."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("api", __name__)

from app.api import documents, register, reports, signals  # noqa: E402

__all__ = ["api", "documents", "register", "reports", "signals"]
