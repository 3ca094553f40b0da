"""Tocsin, an early warning service for new psychoactive substances."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.clock import Clock
    from app.db import Database
    from app.settings import Settings


def create_app(
    settings: Settings, *, database: Database | None = None, clock: Clock | None = None
) -> Flask:
    """Put the web doors together: the one place where settings, database and blueprints meet."""
    from datetime import timedelta

    from flask import Flask

    from app.api import api
    from app.clock import utc_now
    from app.db import Database
    from app.doorstep import Doorstep
    from app.entrance import open_entrance, refuse_undeclared
    from app.web import web

    app = Flask("app", static_folder=None, template_folder="web/templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_body_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        SESSION_COOKIE_NAME="tocsin",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
    )
    app.extensions["tocsin.settings"] = settings
    app.extensions["tocsin.database"] = database or Database(settings.database_url)
    app.extensions["tocsin.clock"] = clock or utc_now
    open_entrance(app)
    app.register_blueprint(web)
    app.register_blueprint(api, url_prefix="/api/v1")
    refuse_undeclared(app)
    app.wsgi_app = Doorstep(app.wsgi_app, app.extensions["tocsin.feeds"])  # type: ignore[method-assign]
    return app
