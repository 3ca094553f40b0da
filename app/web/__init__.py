"""The pages: thin views that ask a room and fill a template. One module for each noun."""

from flask import Blueprint

web = Blueprint("web", __name__, static_folder="static", static_url_path="/static")

from app.web import (  # noqa: E402, F401 - each module hangs its routes on the blueprint above
    acknowledging,
    admin,
    alerts,
    attachments,
    care,
    clusters,
    codes,
    curation,
    drafts,
    duplicates,
    ending,
    feeds,
    frame,
    handling,
    histories,
    machine,
    measures,
    outbox,
    overview,
    own_feeds,
    priority,
    profiles,
    reporting,
    reports,
    review,
    rulesets,
    signals,
    signing,
    status,
    submissions,
    subscriptions,
    substances,
    unsubscribing,
    uploading,
    webhooks,
)
