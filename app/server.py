"""What the server loads: granian --interface wsgi app.server:app."""

from app import create_app, worker

app = create_app()
if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
    worker.start(app)
