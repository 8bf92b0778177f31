"""Boards as the page shows them: rows, figures and sentences prepared in Python, so that the templates stay flat."""

from decimal import Decimal

from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from complaints.enums import Level
from csi_portal.organization import markup
from csi_portal.organization.enums import DepartmentCode
from reports import differences as changed
from reports.models import BoardLine, LineKind
from reports.targets import Targets, percent_text

_DEPARTMENTS = {str(code): label for code, label in DepartmentCode.choices}


def department_name(name: str) -> str:
    """A department's frozen name; one without a name of its own was frozen by its code."""
    return str(_DEPARTMENTS.get(name, name))


def line_name(line: BoardLine, *, own: frozenset = frozenset(), masked: bool = False) -> str:
    """The name on a line; `masked` hides who it is, but for the persons `own` (employee ids)."""
    if line.line_kind == LineKind.DEPARTMENT:
        return department_name(line.name)
    if masked and line.line_kind == LineKind.PERSON and line.employee_id not in own:
        return f"{line.name[:1]}**"
    return line.name


def change(line: BoardLine, targets: Targets) -> Decimal | None:
    """The published score minus that of the period before; None where one of the samples is insufficient."""
    if line.score is None or line.previous_score is None:
        return None
    if not (targets.enough(line.n) and targets.enough(line.previous_n)):
        return None
    return line.score - line.previous_score


def board_rows(lines, targets: Targets, *, trend: dict, own=frozenset(), masked=False) -> list[dict]:
    """The rows of the table: departments and their persons, every cell ready to be shown."""
    rows, heading = [], None
    for line in lines:
        if line.line_kind == LineKind.STORE:
            continue
        row = line_row(line, targets, trend.get(line.subject_key, []), line_name(line, own=own, masked=masked))
        # ranks hold among those judged by the same questions: each group says who it is
        group = (line.department_key, line.judged_as)
        row["group"] = _position_words(line) if row["person"] and group != heading else ""
        heading = group
        rows.append(row)
    return rows


def _position_words(line: BoardLine) -> str:
    return {"advisor": _("Advisers"), "technician": _("Technicians")}.get(line.judged_as, "")


def line_row(line: BoardLine, targets: Targets, before: list, name: str) -> dict:
    few = line.score is None or not targets.enough(line.n)
    person = line.line_kind == LineKind.PERSON
    return {
        "key": line.subject_key,
        "name": name,
        "person": {"name": name, "id": line.employee_id} if person else None,
        "css": " ".join(filter(None, ["" if person else "row-group", "row-few" if few else ""])),
        "few": few,
        "rank": line.rank or "",
        "score": _("Insufficient sample") if few else markup.score_text(line.score),
        "n": line.n,
        "interval": interval_text(line),
        "delta": "" if few else markup.delta(change(line, targets)),
        "band": "" if few else markup.band(min(targets.band_rank(line.score), 3)),
        "target": "" if few else target_words(line.score, targets),
        "contact": _with_no_number(_rate_cell(line.contacted, line.due), line.no_number),
        "completion": _rate_cell(line.completed, line.contacted),
        "complaints": line.complaints,
        "on_time": percent_text(line.steps_on_time, line.steps_due) or markup.DASH,
        "spark": markup.spark([*before, None if few else line.score], targets.board_target),
    }


def _rate_cell(part: int, whole: int) -> SafeString | str:
    text = percent_text(part, whole)
    if text is None:
        return markup.DASH
    return format_html('{} <span class="score-n">{}/{}</span>', text, part, whole)


def _with_no_number(cell, n: int):
    """Callbacks without a number stand beside the rate; they are not in it."""
    if not n:
        return cell
    words = ngettext("%(n)s without a number", "%(n)s without a number", n) % {"n": n}
    return format_html('{} <span class="no-number" title="{}">+{}</span>', cell, words, n)


def interval_text(line: BoardLine) -> str:
    """`± 2.10`: half the width of the 95 % interval."""
    return "" if line.interval is None else f"± {markup.score_text(line.interval)}"


def target_words(score, targets: Targets) -> SafeString:
    """`met`, or how many points are missing, with a shape beside the words."""
    if targets.met(score):
        return format_html(
            '<span class="target target-met">{}{}</span>', markup.icon("check-circle-fill"), pgettext("target", "met")
        )
    short = _("%(points)s short") % {"points": markup.score_text(targets.board_target - score)}
    return format_html('<span class="target">{}{}</span>', markup.icon("circle"), short)


# -- the row of figures


def score_figure(line: BoardLine, targets: Targets, caption: str, url: str = "", than: str = "") -> dict:
    """A score for the row of figures; `than` names the period before."""
    few = line.score is None or not targets.enough(line.n)
    notes = [change_note(line, targets, than), "" if few else target_note(line.score, targets)]
    return {
        "caption": caption,
        "value": "" if few else markup.score_text(line.score),
        "few": few,
        "n": line.n,
        "note": _joined(notes),
        "url": url,
    }


def change_note(line: BoardLine, targets: Targets, than: str = "") -> SafeString | str:
    difference = change(line, targets)
    if difference is None:
        return ""
    return format_html("{} {}", markup.delta(difference), than) if than else markup.delta(difference)


def target_note(score, targets: Targets) -> str:
    goal = _points(targets.board_target)
    if targets.met(score):
        return _("target %(goal)s met") % {"goal": goal}
    missing = markup.score_text(targets.board_target - score)
    return _("target %(goal)s, %(points)s short") % {"goal": goal, "points": missing}


def rate_figure(caption: str, part: int, whole: int, note: str = "", url: str = "") -> dict:
    """A rate for the row of figures: percent, and the counts it is made of."""
    value = percent_text(part, whole)
    if value is None:
        return {"caption": caption, "value": markup.DASH, "n": None, "note": note, "url": url}
    shown = format_html('{} <span class="score-n">{}/{}</span>', value, part, whole)
    return {"caption": caption, "value": shown, "n": None, "note": note, "url": url}


def complaints_figure(caption: str, n: int, levels: dict, url: str = "") -> dict:
    words = dict(Level.choices)
    parts = [f"{words[level]} {levels[level]}" for level in Level.values if levels.get(level)]
    return {"caption": caption, "value": n, "n": None, "note": " · ".join(parts), "url": url}


def on_time_figure(caption: str, line: BoardLine, url: str = "") -> dict:
    note = ""
    if line.steps_excused:
        with_excused = percent_text(line.steps_on_time + line.steps_excused, line.steps_due)
        note = ngettext(
            "%(n)s step excused; with it %(rate)s", "%(n)s steps excused; with them %(rate)s", line.steps_excused
        ) % {"n": line.steps_excused, "rate": with_excused}
    return rate_figure(caption, line.steps_on_time, line.steps_due, note, url)


def store_figures(line: BoardLine, targets: Targets, index: str, than: str, urls: dict) -> list[dict]:
    """The row over the table: score, contact rate, completion rate, complaints, steps on time."""
    at_least = _("target of the month ≥ %(percent)s%%")
    contact = at_least % {"percent": _points(targets.contact_percent)}
    by_phone = percent_text(line.contacted_by_phone, line.due)
    if by_phone:
        contact = _joined([contact, _("by phone %(rate)s") % {"rate": by_phone}])
    if line.no_number:
        words = ngettext("%(n)s without a number", "%(n)s without a number", line.no_number) % {"n": line.no_number}
        contact = _joined([contact, words])
    completion = at_least % {"percent": _points(targets.completion_percent)}
    return [
        score_figure(line, targets, _("Store %(index)s") % {"index": index}, urls.get("parts", ""), than),
        rate_figure(_("Contacted rate"), line.contacted, line.due, contact),
        rate_figure(_("Completion rate"), line.completed, line.contacted, completion),
        complaints_figure(_("Complaints of the store"), line.complaints, line.complaint_levels),
        on_time_figure(_("Steps on time"), line),
    ]


def _points(value: Decimal) -> str:
    """A policy's number without needless zeros: 95, 92.5."""
    return f"{value.normalize():f}"


def _joined(parts) -> SafeString | str:
    known = [part for part in parts if part]
    if not known:
        return ""
    text = format_html("{}", known[0])
    for part in known[1:]:
        text = format_html("{} · {}", text, part)
    return text


# -- differences


def difference_rows(found) -> list[dict]:
    """Differences line by line: who, and each figure before and after."""
    rows: dict[str, dict] = {}
    for one in found:
        row = rows.setdefault(one.subject_key, {"name": department_name(one.name), "figures": []})
        row["figures"].append(
            {"word": _figure_words(one.field), "before": _shown(one.before), "after": _shown(one.after)}
        )
    return list(rows.values())


def _figure_words(field: str) -> str:
    return {
        "score": pgettext("board", "Score"),
        "n": pgettext("board", "Sample"),
        "due": pgettext("board", "Due"),
        "contacted": pgettext("board", "Contacted"),
        "contacted_by_phone": pgettext("board", "Contacted by phone"),
        "completed": pgettext("board", "Completed"),
        "complaints": _("Complaints"),
        "steps_due": _("Steps due"),
        "steps_on_time": _("Steps on time"),
        "steps_excused": _("Steps excused"),
        changed.NEW_LINE: _("New on the board"),
        changed.GONE_LINE: _("No longer on the board"),
        changed.TARGET: _("Target"),
    }[field]


def _shown(value) -> str:
    if value is None:
        return markup.DASH
    return markup.score_text(value) if isinstance(value, Decimal) else str(value)


# -- the text for the group chat


def chat_text(title: str, figures: list[dict], rows: list[dict]) -> str:
    """The board as plain lines, to be pasted into the store's group."""
    lines = [title]
    for figure in figures:
        value = _("Insufficient sample") if figure.get("few") else strip_tags(str(figure["value"]))
        n = f" (n={figure['n']})" if figure.get("n") is not None else ""
        lines.append(f"{figure['caption']}: {value}{n}")
    for row in rows:
        rank = f"{row['rank']}. " if row["rank"] else ""
        lines.append(f"{'  ' if row['person'] else ''}{rank}{row['name']} {row['score']} (n={row['n']})")
    return "\n".join(lines)
