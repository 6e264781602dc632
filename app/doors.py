"""The doors, registered: one blueprint per place people go, and /api/v1."""

from types import ModuleType

from flask import Flask

from app import security
from app.api import day, devices, files, manifests, openapi, scans
from app.api import till as api_till
from app.views import (
    account,
    admin,
    alongside,
    appointments,
    bags,
    booking,
    certificates,
    corrections,
    counts,
    courier,
    days,
    decisions,
    demo,
    desk,
    dispatch,
    due,
    editions,
    exceptions,
    guide,
    health,
    imports,
    incidents,
    invitations,
    lookups,
    office,
    paper,
    papers,
    passkeys,
    petitions,
    phones,
    pictures,
    rates,
    records,
    relief,
    remittances,
    reports,
    results,
    search,
    sessions,
    sorting,
    staff,
    stickers,
    till,
    tracking,
    upkeep,
    votes,
)

VIEWS = (
    health,
    account,
    booking,
    tracking,
    votes,
    lookups,
    alongside,
    certificates,
    due,
    guide,
    courier,
    desk,
    counts,
    results,
    decisions,
    office,
    stickers,
    bags,
    sorting,
    till,
    remittances,
    reports,
    paper,
    dispatch,
    relief,
    appointments,
    exceptions,
    incidents,
    petitions,
    corrections,
    phones,
    rates,
    pictures,
    records,
    search,
    papers,
    editions,
    imports,
    upkeep,
    staff,
    invitations,
    days,
    admin,
    sessions,
    passkeys,
)
APIS: tuple[ModuleType, ...] = (devices, scans, files, day, manifests, api_till, openapi)


def init_app(app: Flask) -> None:
    for module in (*VIEWS, *((demo,) if app.extensions["settings"].demo else ())):
        app.register_blueprint(module.bp)
    for module in APIS:
        security.csrf.exempt(module.bp)  # no cookies there
        app.register_blueprint(module.bp)
