"""flask people: staff where no page can be reached yet, or any more."""

import csv
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale

from app.cli.verbs import Verbs, refused
from app.db import atomically, db, now
from app.domain import audit, calendar, invitations, passkeys, people, staff
from app.domain.dossiers import Dossier
from app.domain.people import Act, Role, User
from app.domain.places import Office
from app.errors import Refused
from app.sentences import sentence

T = TypeVar("T")


people_cli = Verbs("people", help="Who works here.")


@people_cli.command("hire")
@click.argument("login")
@click.option("--name", prompt=True, help="As it stands on their badge.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--office", "code", help="Code of the post office or desk; supervisors and administrators have none.")
@click.option("--badge", help="A courier's number, printed on slips.")
@click.password_option(help="Asked for when it is not given: what is given stays in the shell's history.")
def hire(login: str, name: str, role: str, code: str | None, badge: str | None, password: str) -> None:
    """LOGIN works here from now on: how the first administrator comes in."""
    office = db.session.scalar(sa.select(Office).filter_by(code=code)) if code else None
    if code and office is None:
        raise click.BadParameter(f"there is no office {code}", param_hint="--office")
    if not people.LOGIN.fullmatch(login):
        raise click.BadParameter("small letters, digits, . _ - only, two to sixty", param_hint="LOGIN")
    if len(password) < people.SHORTEST:
        raise click.BadParameter(f"at least {people.SHORTEST} letters", param_hint="--password")
    if db.session.scalar(sa.select(User.id).filter_by(login=login)):
        raise click.BadParameter(f"{login} works here already", param_hint="LOGIN")

    def enter() -> None:
        act = Act(None, now(), current_app.extensions["keys"])
        user = people.hire(login, name, Role(role), office, password, badge=badge)
        db.session.flush()
        audit.note("hired", user.id, act, role=role)

    try:
        atomically(enter)
    except Refused as refused:
        with current_app.test_request_context(), force_locale("en"):
            raise click.BadParameter(sentence(refused)) from refused
    click.echo(f"{login} can sign in")


@people_cli.command("dismiss")
@click.argument("login")
def dismiss(login: str) -> None:
    """LOGIN works here no longer: signed out everywhere, phones out of service, at the next request."""
    held = _staff(staff.end, _called(login), knows=True)
    click.echo(f"{login} is signed out everywhere; no phone of theirs is in service")
    if held.binds:
        click.echo(
            f"still on their account: {len(held.packets)} packets, {held.purse.total} đồng; /exceptions/ has them"
        )


@people_cli.command("saw")
@click.argument("login")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; today when it is not given.")
def saw(login: str, since: datetime, until: datetime | None) -> None:
    """Which dossiers LOGIN was shown on these days, as CSV: whose data somebody had who took their password or phone.
    docs/breach.md says what to do with it. That it was asked for is noted."""
    days = since.date(), until.date() if until else calendar.today(now())
    if days[1] < days[0]:
        raise click.BadParameter("the last day is before the first", param_hint="--until")
    who = _called(login)
    seen = audit.seen_by(who, *days)
    known = sa.select(Dossier.id, Dossier.number).where(Dossier.id.in_([one.dossier_id for one in seen]))
    numbers = {row.id: row.number for row in db.session.execute(known)}
    sheet = csv.writer(sys.stdout, lineterminator="\n")
    sheet.writerow(["dossier", "first", "last", "pages"])
    for one in seen:
        first, last = (f"{calendar.local(at):%Y-%m-%d %H:%M}" for at in (one.first, one.last))
        sheet.writerow([numbers.get(one.dossier_id, one.dossier_id), first, last, " ".join(one.pages)])
    noted = {"since": days[0].isoformat(), "until": days[1].isoformat(), "dossiers": len(seen)}
    atomically(audit.note, "saw", who.id, Act(None, now(), current_app.extensions["keys"]), **noted)
    click.echo(f"{len(seen)} dossiers", err=True)


@people_cli.command("link")
@click.argument("login")
def link(login: str) -> None:
    """The address at which LOGIN sets a new password and PIN, once, within two days; earlier ones are good no more."""
    secret = _staff(invitations.make, _called(login))
    click.echo(f"{current_app.extensions['settings'].base_url.rstrip('/')}/password/{secret}")


@people_cli.command("passkeys")
@click.argument("login")
@click.option("--remove", "passkey_id", help="The one to put out of use, as the list calls it; or: all.")
def passkeys_of(login: str, passkey_id: str | None) -> None:
    """LOGIN's passkeys; one that is lost is put out of use, and LOGIN signed out everywhere."""
    who = _called(login)
    if passkey_id is None:
        for one in passkeys.of(who):
            used = f"{calendar.local(one.used_at):%Y-%m-%d %H:%M}" if one.used_at else "never used"
            click.echo(f"{one.id}  {calendar.local(one.created_at):%Y-%m-%d}  {used}  {one.name}")
        return
    for each in [one.id for one in passkeys.of(who)] if passkey_id == "all" else [passkey_id]:
        atomically(_remove, who.id, each)
        click.echo(f"{each} opens nothing any more")


def _remove(user_id: str, passkey_id: str) -> None:
    act = Act(None, now(), current_app.extensions["keys"])
    try:
        passkeys.remove(db.session.get_one(User, user_id), passkey_id, act)
    except Refused as refusal:
        raise refused(refusal) from refusal


def _called(login: str) -> User:
    found = db.session.scalar(sa.select(User).filter_by(login=login))
    if found is None:
        raise click.BadParameter(f"there is nobody called {login}", param_hint="LOGIN")
    return found


def _staff(verb: Callable[..., T], who: User, **facts: Any) -> T:
    try:
        return atomically(verb, who, Act(None, now(), current_app.extensions["keys"]), **facts)
    except Refused as refusal:
        raise refused(refusal) from refusal
