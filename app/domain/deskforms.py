"""Desk forms: what a ward desk gives out about a case, on paper, as it stood on the day it was given out. The number on it is
the one of the rule in force then (`labels/desk.py`)."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import labels
from app.domain import calendar, forms, numbers, packets, printing, slips
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.forms import Form
from app.domain.places import Office
from labels import decided, terms
from labels import desk as deskpaper
from labels.words import say_money


def pdf(form: Form, base_url: str) -> bytes:
    """A form as the desk gave it out."""
    return printing.pdf(f"desk_{form.key}", [_FORMS[form.key](form, _about(form), base_url)])


def _about(form: Form) -> dict[str, Any]:
    """What all forms say."""
    mark = slips.mark_of(packets.of_dossier(form.dossier.id)[0])
    return {
        "case": case_of(form.dossier, form.desk),
        "number": form.number,
        "at": calendar.local(form.at),
        "mark": mark,
    }


def case_of(dossier: Dossier, desk: Office) -> deskpaper.Case:
    """The case as the desk's papers name it."""
    home = slips.home_of(dossier)
    return deskpaper.Case(
        agency=decided.agency(desk.ward.name), desk=terms.centre(desk.name), place=desk.ward.name,
        code=dossier.official_code or f"{dossier.number} ({decided.NO_CODE})", name=home.name, address=home.address,
        phone=home.phone, matter=dossier.procedure.official_name,
    )  # fmt: skip


def _receipt(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Receipt:
    dossier, facts = form.dossier, form.facts
    ways = {ReturnWay.HOME: 2, ReturnWay.POST: 2, ReturnWay.DESK: 1}
    due = datetime.combine(
        date.fromisoformat(facts["due_on"]), time.fromisoformat(facts.get("due_time") or "17:00"), calendar.HERE
    )  # fmt: skip
    sent = packets.of_dossier(dossier.id)[0]
    return deskpaper.Receipt(
        **about | {"at": calendar.local(dossier.submitted_at or form.at)}, papers=_papers(facts["papers"]), days=dossier.procedure.days, due=due,
        way=ways[dossier.return_way], officer=form.user.name, token_url=slips.token_url(sent, base_url), packet=sent.number,
        home_delivery=decided.HOME_DELIVERY if dossier.goes_home else "", order=f"{form.serial:04}",
        volume=f"{forms.volume(form.serial):02}/{form.year}",
    )  # fmt: skip


def _supplement(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Supplement:
    facts = form.facts
    return deskpaper.Supplement(
        **about, papers=_papers(facts["papers"]), reason=_why(facts), officer=form.user.name,
        officer_phone=form.user.phone and numbers.spoken_phone(form.user.phone) or form.desk.phone,
        deadline=date.fromisoformat(facts["until"]), how=decided.HOW, effect=decided.EFFECT,
    )  # fmt: skip


def _refusal(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Refusal:
    returned = _papers(form.facts["papers"])
    return deskpaper.Refusal(
        **about, reason=_why(form.facts), officer=form.user.name, returned=returned, fees=_fees_back(form.facts)
    )  # fmt: skip


def _apology(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Apology:
    facts = form.facts
    return deskpaper.Apology(
        **about, received=calendar.today(form.dossier.submitted_at or form.at), due=date.fromisoformat(facts["was"]),
        new_due=date.fromisoformat(facts["due_on"]), reason=_why(facts), whose=decided.WHOSE[facts["whose"]],
        head=form.user.name, work_done=printing.printable(facts.get("work_done", "")),
    )  # fmt: skip


def _stop_notice(form: Form, about: dict[str, Any], base_url: str) -> deskpaper.Stop:
    facts = form.facts
    return deskpaper.Stop(
        **about, asked_on=date.fromisoformat(facts["asked_on"]), channel=decided.ASKED[facts["online"]],
        stage=decided.STAGES[facts["stage"]], officer=form.user.name, returned=_papers(facts["papers"]),
        fees=_fees_back(facts),
    )  # fmt: skip


def _fees_back(facts: dict[str, Any]) -> str:
    """What the ledger knew of when it was given out, and the officer's word on how it comes back."""
    fee, words = facts.get("fee"), facts.get("words", "") if "stage" in facts else ""
    return printing.printable(
        ", ".join(filter(None, (f"{say_money(int(fee))} đ" if fee else "", words))) or decided.NO_FEES
    )


_FORMS: dict[str, Callable[[Form, dict[str, Any], str], Any]] = {
    "receipt": _receipt, "supplement": _supplement, "refusal": _refusal, "apology": _apology, "stop": _stop_notice,
}  # fmt: skip


def _why(facts: dict[str, Any]) -> str:
    return printing.printable(decided.why(facts["reason"], facts.get("words", "")))


def _papers(listed: list[dict[str, Any]]) -> tuple[labels.Paper, ...]:
    return tuple(
        labels.Paper(printing.printable(one["name"]), labels.Form(one["form"]), copies=one.get("copies"), sheets=one.get("sheets"))
        for one in listed
    )  # fmt: skip
