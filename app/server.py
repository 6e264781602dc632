"""What the server loads: granian --interface wsgi app.server:app."""

import gc

from jinja2 import FileSystemBytecodeCache
from sqlalchemy import make_url

from app import create_app, worker
from app.arrivals import Arrivals
from app.config import THREADS

app = create_app()
app.wsgi_app = Arrivals(app.wsgi_app, THREADS, app.config["MAX_CONTENT_LENGTH"])  # type: ignore[method-assign, assignment]
# Nobody waits for a template to be compiled: all are, from this account's own folder where they have been before.
app.jinja_env.bytecode_cache = FileSystemBytecodeCache()
for name in app.jinja_env.list_templates(extensions=["html"]):
    app.jinja_env.get_template(name)
address = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
if address.get_backend_name() == "sqlite" and address.database:
    worker.start(app, address.database)

gc.collect()
gc.freeze()  # what is loaded by now stays: looking through it for garbage stops every thread
