"""The timeline of a form: what people wrote, and more quietly what the portal did."""

from datetime import timedelta

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from csi_portal.organization.due import short_moment, span
from csi_portal.organization.markup import icon

from ..enums import Level, Signer, TryChannel, TryResult
from .words import STEP_WORDS, Names

# A line entered later than this after it happened says both times.
ENTERED_LATER = timedelta(minutes=1)


def entries(form, now, people_only: bool = False) -> list[dict]:
    """The lines as components/timeline.html takes them, newest first."""
    lines = list(form.events.select_related("text", "actor").order_by("-recorded_at", "-pk"))
    names = Names(form.store, [line.actor_id for line in lines])
    found = [_entry(form, line, names, now) for line in lines]
    return [entry for entry in found if not (people_only and entry["system"])]


def _entry(form, line, names: Names, now) -> dict:
    system = _SYSTEM.get(line.kind)
    if system is not None:
        text, tone = system(line, form, now)
        return {"system": True, "text": text, "tone": tone, "at": line.happened_at}
    who = line.detail.get("done_by") or (names.of(line.actor) if line.actor else _("The portal"))
    return {
        "system": False,
        "who": who,
        "tint": line.actor_id or 0,
        "sub": _sub(line, form, names, now),
        "text": line.text.text if line.text else _said(line),
        "chip": _late_chip(line),
        "at": line.happened_at,
    }


def _sub(line, form, names: Names, now) -> str:
    parts = [names.department(line.actor_id), _verb(line)]
    if line.recorded_at - line.happened_at > ENTERED_LATER:
        parts.append(_("entered %(time)s") % {"time": short_moment(line.recorded_at, now, form.store.zone)})
    if line.detail.get("evidence"):
        parts.append(_("evidence: %(what)s") % {"what": _evidence(line.detail["evidence"])})
    return " · ".join(part for part in parts if part)


def _evidence(words: str) -> str:
    """What a person wrote; what the call desk took over is kept as `response:<id>` and said in words."""
    return _("the answers in the call") if words.startswith("response:") else words


def _verb(line) -> str:
    detail = line.detail
    step = str(STEP_WORDS.get(detail.get("step"), ""))
    if line.kind in ("step_done", "closed"):
        steps = [step, *(str(STEP_WORDS[also]) for also in detail.get("also", ()))]
        how = {"attempted": _("attempted, not reached"), "not_reached": _("not reached"), "refused": _("refused")}
        steps += [how[detail["how"]]] if detail.get("how") in how else []
        return ", ".join(steps)
    if line.kind == "try":
        result = TryResult(detail["result"]).label if detail["channel"] != TryChannel.SMS else _("SMS sent")
        return _("%(step)s: %(result)s") % {"step": step, "result": result}
    if line.kind == "reclassified":
        return _("Level changed: %(was)s → %(level)s") % {
            "was": Level(detail["was"]).label,
            "level": Level(detail["level"]).label,
        }
    if line.kind == "signed":
        return _("Signed as: %(signer)s") % {"signer": Signer(detail["signer"]).label}
    if line.kind in ("chased", "alert_taken") and step:
        return f"{_VERBS[line.kind]()}: {step}"
    return _VERBS[line.kind]() if line.kind in _VERBS else line.kind


_VERBS = {
    "acknowledged": lambda: _("Has taken it up"),
    "assigned": lambda: _("Handed on"),
    "note": lambda: pgettext("timeline", "Note"),
    "chased": lambda: _("Reminded"),
    "alert_taken": lambda: _("I have it"),
    "major_confirmed": lambda: _("Confirmed as a major complaint"),
    "resolution_corrected": lambda: _("Corrected the resolution"),
    "blamed": lambda: _("Named a responsible person"),
    "blame_withdrawn": lambda: _("Took a name back"),
    "fault": lambda: _("Found a fault"),
    "fault_withdrawn": lambda: _("Took the finding back"),
    "instruction_asked": lambda: _("Asked the general manager"),
    "instructed": lambda: _("Instruction of the general manager"),
    "closed_unverified": lambda: _("Closed without the customer's word"),
}


def _said(line) -> str:
    """Words for lines that carry their content as values."""
    detail = line.detail
    if line.kind == "assigned":
        return ", ".join(str(detail[name]) for name in ("assignee", "care_agent") if detail.get(name))
    if line.kind in ("blamed", "blame_withdrawn", "fault", "fault_withdrawn"):
        return detail.get("name", "")
    if detail.get("overall"):
        return _("Overall satisfaction: %(n)s of 5") % {"n": detail["overall"]}
    if detail.get("recipient"):
        return f"{detail['recipient']} · {detail.get('channel', '')}"
    return ""


def _late_chip(line):
    late = line.detail.get("late") or {}
    seconds = late.get(line.detail.get("step"))
    if not seconds:
        return ""
    return format_html(
        '<span class="due due-late">{}<span>{}</span></span>',
        icon("check-circle"),
        _("%(span)s late") % {"span": span(timedelta(seconds=seconds))},
    )


# --- what the portal did ----------------------------------------------------------------------------------------------


def _registered(line, form, now) -> tuple[str, str]:
    words = {"level": Level(line.detail["level"]).label, "n": len(line.detail["steps"])}
    return _("Registered as %(level)s, %(n)s due times set") % words, ""


def _alert(line, form, now) -> tuple[str, str]:
    detail = line.detail
    words = {"step": STEP_WORDS.get(detail["step"], detail["step"]), "names": ", ".join(detail["to"])}
    if not detail["to"]:
        return _("%(step)s: nobody to tell, the administrators know") % words, "over"
    said = {
        "warning": _("%(step)s is due soon; told: %(names)s"),
        "overdue": _("%(step)s is overdue; told: %(names)s"),
        "escalated": _("%(step)s is escalated to: %(names)s"),
    }
    return said[detail["alert"]] % words, "warn" if detail["alert"] == "warning" else "over"


def _raised(line, form, now) -> tuple[str, str]:
    words = {"was": Level(line.detail["was"]).label, "level": Level(line.detail["level"]).label}
    if form.round > 1:
        return _("Round %(round)s: %(was)s becomes %(level)s by rule") % {**words, "round": form.round}, "warn"
    return _("Because of the source %(was)s becomes %(level)s") % words, "warn"


def _reissued(line, form, now) -> tuple[str, str]:
    return _("Re-issued as %(number)s (round %(round)s)") % line.detail, "warn"


_SYSTEM = {
    "registered": _registered,
    "alert": _alert,
    "level_raised": _raised,
    "repeat": lambda line, form, now: (_("The customer or the car had a case within the last 90 days"), "warn"),
    "reissued": _reissued,
    "signature_void": lambda line, form, now: (
        _("The signature of %(name)s is void: the form was changed") % line.detail,
        "warn",
    ),
}
