"""Certificates: the citizen's proof of the day the papers were taken, and the page on which anybody checks one."""

import re
from datetime import timedelta

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import security
from app.domain import certificates, notes, slips
from app.domain.certificates import Certificate
from app.domain.notes import LogKey
from app.domain.tokens import Keys
from app.errors import Missing
from app.security import public
from app.views.answers import base_url, file_answer, throttle
from app.views.tracking import dossier_of

bp = Blueprint("certificates", __name__)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALIKE = str.maketrans("OIL", "011")  # letters the alphabet of our numbers lacks, as they are misread


def _keys() -> Keys:
    keys: Keys = current_app.extensions["keys"]
    return keys


def _log_key() -> LogKey | None:
    return notes.published(current_app.extensions["settings"].checkpoint_dir)


def _of(secret: str) -> list[Certificate]:
    """Raises Missing("no_certificate") for a dossier whose papers are still at home."""
    found = certificates.for_dossier(dossier_of(secret), _keys(), _log_key())
    if not found:
        raise Missing("no_certificate")
    return found


@bp.get("/t/<secret>/certificate")
@public
def home(secret: str) -> ResponseReturnValue:
    found = [(one, slips.picture(slips.check_url(one, base_url()))) for one in _of(secret)]
    return render_template("tracking/certificate.html", found=found, secret=secret)


@bp.get("/t/<secret>/certificate.pdf")
@public
def paper(secret: str) -> ResponseReturnValue:
    found = _of(secret)
    return file_answer(
        slips.certificate_pdf(found, base_url()), "application/pdf", f"{found[0].packet.number}-proof.pdf"
    )


@bp.get("/c")
@public
def by_number() -> ResponseReturnValue:
    """The number of a certificate, typed from paper."""
    typed = re.sub(r"[^0-9A-Z]", "", request.args.get("number", "")[:80].upper()).translate(ALIKE)
    if typed:
        return redirect(url_for("certificates.check", token=typed))
    return render_template("tracking/check.html", one=None, asked=False)


@bp.get("/C/<token>")
@bp.get("/c/<token>")
@public
def check(token: str) -> ResponseReturnValue:
    """Whether a certificate is genuine, and what the ledger says today: for whoever holds the paper."""
    try:
        one = certificates.find(token.upper(), _keys(), _log_key())
    except Missing:
        throttle("certificate", security.address_key("certificate"), (20, MINUTE), (200, HOUR))
        return render_template("tracking/check.html", one=None, asked=True), 404
    return render_template("tracking/check.html", one=one, asked=True)
