"""The steps of a form under its head: done, late, next, waiting."""

from django.utils.translation import gettext as _

from csi_portal.organization.due import by_clock, short_moment, span

from ..enums import BesideStep, MetHow, Status, Step
from .chips import Chips
from .words import STEP_WORDS, Names

_SHOWN = (Step.TRANSFER, Step.FIRST_CONTACT, Step.REPLY, Step.RESOLUTION, Step.CALLBACK, BesideStep.APPROVAL)


def ladder(facts, chips: Chips, names: Names, actors: dict[str, str]) -> list[dict]:
    """The rungs as components/ladder.html takes them; `actors` names who must act on the open ones."""
    rungs, next_found = [], False
    for step in _SHOWN:
        row = facts.live.get(step)
        if row is None:
            if step == BesideStep.APPROVAL and facts.form.status != Status.REISSUED:
                rungs.append(_approval_to_come(facts, chips))
            continue
        rung = _rung(row, chips, names, actors, is_next=not next_found and row.is_open)
        next_found = next_found or rung["state"] in ("now", "warn", "over")
        rungs.append(rung)
    return rungs


def _rung(row, chips: Chips, names: Names, actors, is_next: bool) -> dict:
    view = chips.of(row)
    rung = {"name": STEP_WORDS[row.step], "state": "todo", "due": None, "when": "", "meta": actors.get(row.step, "")}
    if row.met_at is not None:
        rung |= {
            "state": "done" if view.state == "done" else "late",
            "due": view,
            "meta": _done_meta(row, chips, names),
        }
        return rung
    if row.silenced_at is not None:
        return rung | {"state": "skip", "meta": ""}
    if is_next or view.state == "over":
        rung["state"] = {"warn": "warn", "over": "over"}.get(view.state, "now")
        rung["due"] = view
    else:
        rung["when"] = by_clock(row.due_at, chips.now, chips.store.zone)
    return rung


def _done_meta(row, chips: Chips, names: Names) -> str:
    who = names.of(row.met_by, _("the portal")) if row.met_how == MetHow.DONE else row.get_met_how_display()
    limit = _limit(row, chips)
    if row.met_at > row.due_at:
        late = span(row.met_at - row.due_at)
        return _("%(who)s · due %(limit)s, %(span)s late") % {"who": who, "limit": limit, "span": late}
    return _("%(who)s · due %(limit)s") % {"who": who, "limit": limit}


def _limit(row, chips: Chips) -> str:
    """The due time beside a done one: the clock alone on the day it was done."""
    zone = chips.store.zone
    same_day = row.due_at.astimezone(zone).date() == row.met_at.astimezone(zone).date()
    return f"{row.due_at.astimezone(zone):%H:%M}" if same_day else short_moment(row.due_at, chips.now, zone)


def _approval_to_come(facts, chips: Chips) -> dict:
    minutes = facts.form.policy_version.data["beside"]["approval"].get("minutes", 0)
    when = _("within %(n)s h of a satisfied callback") % {"n": minutes // 60}
    ended = facts.form.status in (Status.UNVERIFIED, Status.VOID)
    return {
        "name": STEP_WORDS[BesideStep.APPROVAL],
        "state": "skip" if ended else "todo",
        "when": "",
        "meta": "" if ended else when,
    }
