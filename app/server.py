"""What the server loads: granian --interface wsgi app.server:app."""

import gc

from app import create_app, worker

app = create_app()
if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
    worker.start(app)

gc.collect()
gc.freeze()  # what is loaded by now stays: looking through it for garbage stops every thread
