"""Why a line is there, in words; and the words of the messages and items about money."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from complaints.enums import ALL_STEPS
from csi_portal.notifications.wording import register_wording
from csi_portal.organization.due import short_moment, span
from csi_portal.organization.markup import yuan_text
from incentives.enums import EntryKind, Rule
from reports.periods import Period
from reports.words import period_label


def rule_words(rule: str) -> str:
    """A rule code always with its words: "P2 Complaint neglected"."""
    return f"{rule} {Rule(rule).label}"


def line_words(kind: str, rule: str) -> str:
    """What a line is: its rule, or the reversal of one."""
    if kind == EntryKind.REVERSAL:
        return _("Reversal of %(rule)s") % {"rule": rule_words(rule)}
    return rule_words(rule)


def entry_text(proposal) -> str:
    """The sentence an entry keeps: what for, why, and what a person added."""
    parts = [explain(proposal.reasoning, proposal.rule, proposal.store)]
    if proposal.chosen_amount is not None:
        parts.append(_("amount chosen: %(reason)s") % {"reason": proposal.chosen_reason})
    if proposal.decision_note:
        parts.append(proposal.decision_note)
    return " · ".join(part for part in parts if part)


def explain(reasoning: dict, rule: str, store) -> str:
    """How the facts lead to the amount, in the active language and the store's zone."""
    code, params = reasoning.get("code"), reasoning.get("params", {})
    make = _SENTENCES.get(code)
    if make is None:
        return ""
    text = make(params, store)
    version = params.get("rule_version")
    if not version:
        return text
    said = {"text": text, "rule": rule_words(rule), "version": version}
    return _("%(text)s; %(rule)s, version %(version)s") % said


def _moment(text: str, store) -> str:
    instant = datetime.fromisoformat(text)
    return short_moment(instant, instant, store.zone)  # without the year: the evidence's number carries it


def last_moment(instant: datetime, store) -> str:
    """Until when, as people say it: the end of a day is 24:00 of that day."""
    local = store.local(instant)
    if (local.hour, local.minute) == (0, 0):
        return f"{short_moment(instant - timedelta(minutes=1), instant, store.zone)[:-5]}24:00"
    return short_moment(instant, instant, store.zone)


def _last(text: str, store) -> str:
    return last_moment(datetime.fromisoformat(text), store)


def _step_params(params, store) -> dict:
    return {
        "number": params["number"],
        "step": dict(ALL_STEPS)[params["step"]],
        "due": _moment(params["due"], store),
        "done": _moment(params["done"], store),
        "late": span(timedelta(minutes=params["late_minutes"])),
    }


def _done_late(params, store) -> str:
    text = _("%(number)s: “%(step)s” due %(due)s, done %(done)s, %(late)s late") % _step_params(params, store)
    return _with_instruction(text, params)


def _still_open(params, store) -> str:
    text = _("%(number)s: “%(step)s” due %(due)s, not done by %(done)s") % _step_params(params, store)
    return _with_instruction(text, params)


def _with_instruction(text: str, params) -> str:
    if params.get("instructed"):
        return _("%(text)s; the general manager gave an instruction because of it") % {"text": text}
    return text


def _instructed(params, store) -> str:
    return _("%(number)s: the general manager gave an instruction because of neglect, %(done)s") % {
        "number": params["number"],
        "done": _moment(params["done"], store),
    }


def _below_target(params, store) -> str:
    return _("%(kind)s of %(month)s: %(score)s, target %(target)s, n = %(n)s, revision %(revision)s") % {
        **params,
        "kind": params["kind"].upper(),
        "month": period_label(Period.parse(params["month"])),
    }


def _fact_gone(params, store) -> str:
    because = {
        "void": _("the form or its blame is void"),
        "absorbed": _("a larger line on the same form and person stands instead"),
        "facts": _("what it rested on no longer holds"),
    }[params["because"]]
    return _("Reversal of entry %(entry)s: %(because)s") % {"entry": params["entry"], "because": because}


def _objection_upheld(params, store) -> str:
    return _("Reversal of entry %(entry)s: the objection was upheld") % params


def _reversed_by_hand(params, store) -> str:
    return _("Reversal of entry %(entry)s: %(reason)s") % params


def _by_hand(params, store) -> str:
    return params["reason"]


_SENTENCES = {
    "done_late": _done_late,
    "still_open_at_month_end": _still_open,
    "instructed": _instructed,
    "score_below_target": _below_target,
    "fact_gone": _fact_gone,
    "objection_upheld": _objection_upheld,
    "reversed_by_hand": _reversed_by_hand,
    "by_hand": _by_hand,
}


# -- messages and items


def register() -> None:
    """Name the messages and items of this floor."""
    register_wording(
        "incentives.entry",
        gettext_lazy("%(what)s: %(amount)s"),
        gettext_lazy("%(text)s. %(until)s"),
        _prepare_entry,
    )
    register_wording(
        "incentives.objection",
        gettext_lazy("Objection of %(name)s to %(what)s"),
        gettext_lazy("%(reason)s Please rule by %(until)s."),
        _prepare_objection,
    )
    register_wording(
        "incentives.objection_overdue",
        gettext_lazy("Objection of %(name)s: the time to rule is over"),
        gettext_lazy("%(what)s. It should have been ruled on by %(until)s; until then the line is held back."),
        _prepare_objection,
    )
    register_wording(
        "incentives.ruling",
        gettext_lazy("Your objection to %(what)s: %(outcome)s"),
        gettext_lazy("%(ruling)s"),
        _prepare_ruling,
    )
    register_wording(
        "incentives.lock_asked",
        gettext_lazy("%(month)s: please confirm the lock"),
        gettext_lazy("%(name)s asks you to confirm the month's lock. Ledger total %(total)s, paid %(paid)s."),
        _prepare_month,
    )
    register_wording(
        "incentives.month_changed",
        gettext_lazy("%(month)s: a line came in before the lock was confirmed"),
        gettext_lazy("Look at the totals again and ask for the lock anew."),
        _prepare_month,
    )
    register_wording(
        "incentives.lock_sent_back",
        gettext_lazy("%(month)s: the lock was sent back"),
        gettext_lazy("%(name)s: %(reason)s"),
        _prepare_month,
    )
    register_wording(
        "incentives.locked",
        gettext_lazy("%(month)s is locked"),
        gettext_lazy("Ledger total %(total)s, paid %(paid)s. The sheet is ready for download."),
        _prepare_month,
    )
    register_wording(
        "incentives.check_failed",
        gettext_lazy("The ledger check found a difference"),
        gettext_lazy("%(first)s. Nothing was changed; please have it looked at before the next month is locked."),
    )
    register_wording(
        "incentives.nobody_known",
        gettext_lazy("%(what)s: nobody is known for %(evidence)s"),
        gettext_lazy("%(missing)s No line was proposed; it comes by itself once the person is known."),
        _prepare_gap,
    )
    register_wording(
        "incentives.nobody_decides",
        gettext_lazy("%(what)s on %(evidence)s: nobody may decide"),
        gettext_lazy("It concerns everybody who could. Name a group approver; until then it stays open."),
        _prepare_gap,
    )
    register_wording(
        "incentives.notice_in_person",
        gettext_lazy("Tell %(name)s in person: %(what)s"),
        gettext_lazy("The person has no login. The time to object runs from today."),
        _prepare_gap,
    )


def _prepare_entry(params: dict, store) -> dict:
    amount = Decimal(params["amount"])
    until = params["until"] and _("You may object until %(moment)s.") % {"moment": _last(params["until"], store)}
    return {
        "what": rule_words(params["rule"]),
        "amount": yuan_text(amount, signed=True),
        "text": params["text"],
        "until": until,
    }


def _prepare_objection(params: dict, store) -> dict:
    return {**params, "what": rule_words(params["rule"]), "until": _last(params["until"], store)}


def _prepare_ruling(params: dict, store) -> dict:
    outcome = pgettext("objection", "upheld") if params["upheld"] else pgettext("objection", "denied")
    return {**params, "what": rule_words(params["rule"]), "outcome": outcome}


def _prepare_month(params: dict, store) -> dict:
    money = {name: yuan_text(Decimal(params[name]), signed=True) for name in ("total", "paid") if name in params}
    return {**params, **money, "month": period_label(Period.parse(params["month"]))}


def _prepare_gap(params: dict, store) -> dict:
    missing = {
        "agent": _("The care agent of the form has no record as an employee of this store."),
        "manager": _("The department has no manager, or not exactly one, who is an employee of this store."),
        "department": _("The store has no such department."),
    }
    return {
        **params,
        "what": rule_words(params["rule"]),
        "missing": missing.get(params.get("missing"), ""),
    }
