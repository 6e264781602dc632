"""Hồ sơ tận nhà: paper dossiers by public post. Start reading at app/domain/steps.py, placing.py and sittings.py."""

from typing import Any

from flask import Flask
from flask_babel import Babel
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from app import assets, cli, doors, errorpages, language, logs, security
from app.config import ROOT, THREADS, Settings, ends_in_a_sentence
from app.db import db, tune
from app.domain.tokens import Keys
from app.integrations import CHANNELS


def create_app(settings: Settings | None = None, **config: Any) -> Flask:
    """The application. Refuses, in one sentence, to start with half a configuration."""
    with ends_in_a_sentence():
        settings = settings or Settings()
        keys = Keys.load(settings.keys_dir, settings.secret_key)
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "hide_parameters": True,  # an error names no values
            "pool_size": THREADS + 4,  # every request and the workers beside them: none waits for a connection
        },
        SESSION_COOKIE_NAME="hs-form",  # form token, language, a code asked for; ids only
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=512 * 1024,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # a form left open over lunch is still a form
        WTF_CSRF_SSL_STRICT=False,  # no Referer is sent, by our own policy
        BABEL_DEFAULT_LOCALE="vi",
        BABEL_DEFAULT_TIMEZONE="Asia/Ho_Chi_Minh",
    )
    app.config.update(config)
    if settings.channel and settings.channel not in CHANNELS:
        raise RuntimeError(
            f"CHANNEL={settings.channel} is no channel: use one of {', '.join(CHANNELS)}, or leave it empty"
        )
    app.extensions["settings"] = settings
    app.extensions["keys"] = keys
    db.init_app(app)
    with app.app_context():
        tune(db.engine)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    Babel(app, locale_selector=language.choose)
    logs.init_app(app)
    security.init_app(app)
    errorpages.init_app(app)
    assets.init_app(app)
    language.init_app(app)
    doors.init_app(app)
    cli.init_app(app)
    if settings.secure:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    return app
