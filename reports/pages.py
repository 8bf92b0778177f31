"""What the board pages show, put together from the queries; the views only choose and answer."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from csi_portal.organization import markup, submits
from reports import queries, services
from reports import words as say
from reports.differences import corrects
from reports.forms import AcceptForm, PublishForm
from reports.models import Board, LineKind
from reports.opening import opened
from reports.periods import MONTH, WEEK, Period
from reports.presentation import (
    board_rows,
    chat_text,
    difference_rows,
    store_figures,
)
from reports.reader import Reader
from reports.targets import Targets, percent_text
from surveys.enums import BoardKind

# As many of a correction's differences as the banner names; the list has them all.
SHOWN_DIFFERENCES = 3


class BoardPage:
    """A week or month as it stands, or its newest published revision, with what may be done about it."""

    def __init__(self, request, kind: str, period: Period, *, publish_form=None, accept_form=None):
        self.request, self.kind, self.period = request, kind, period
        self.store, self.now = request.store, request.now
        self.reader = Reader.of(request, self.store)
        self.board = queries.latest_board(self.store, kind, period)
        self.targets = queries.targets_at(self.store, period, self.now)
        self.live = self._live() if self.reader.live else None
        self.changed = services.changes_since(self.board, self.live) if self.live else []
        self.corrects = corrects(self.changed)
        self.shows_live = self._shows_live()
        self.publish_form, self.accept_form = publish_form, accept_form

    def _live(self):
        return queries.live_figures(self.store, self.kind, self.period, now=self.now, targets=self.targets)

    def _shows_live(self) -> bool:
        if self.live is None or self.board is None:
            return self.live is not None
        if wish := self.request.GET.get("show"):
            return wish == "now"
        return self.reader.publishes and self.corrects

    def context(self) -> dict:
        if not self.shows_live and self.board is None:
            return {**self._head(), "nothing": _("Nothing is published for this period yet.")}
        if self.shows_live:
            lines, targets = self.live.lines, self.targets
        else:
            lines, targets = list(self.board.lines.all()), Targets.read(self.board.targets)
        body = table(self.reader, lines, targets, self.kind, self.period, self._url)
        body |= opened(self.reader, lines, self.request.GET.get("open", ""), self._answers_url)
        head = self._head()
        return {**head, **body, "banner": self._banner(), "month": self._month(), "chat": self._chat(head, body)}

    def _head(self) -> dict:
        return {
            **head(self.period, self.kind, self.store, self.now, self._url),
            "page_title": _("Satisfaction scores"),
            "is_live": self.shows_live,
        }

    def _url(self, kind: str = "", period: Period | None = None, **more) -> str:
        period = period or self.period
        asked = {"kind": kind or self.kind, period.kind: period.code, **more}
        if not kind and period == self.period and self.request.GET.get("show"):
            asked["show"] = self.request.GET["show"]
        return f"{reverse('reports:boards')}?{urlencode(asked)}"

    def _answers_url(self, line) -> str:
        if not self.shows_live:
            return reverse("reports:answers", args=[self.board.pk, line.subject_key])
        return reverse("reports:live_answers", args=[self.kind, self.period.code, line.subject_key])

    # -- publishing

    def _banner(self) -> dict:
        over = self.now >= self.period.bounds(self.store.zone)[1]
        banner = {"board": self.board, "over": over, "last_day": self.period.last_day}
        banner["changed"] = self.changed if self.corrects else []
        banner["differences"] = difference_rows(self.changed)
        moved = [one for one in self.changed if one.field == "score"]
        banner["shown"] = difference_rows(moved[:SHOWN_DIFFERENCES])
        if self.board and self.live and self.changed:
            banner["toggle"] = self._toggle()
        if self.reader.publishes and over and (self.board is None or self.corrects):
            banner |= self._publishing()
        return banner

    def _toggle(self) -> dict:
        asked = {
            "kind": self.kind,
            self.period.kind: self.period.code,
            "show": "published" if self.shows_live else "now",
        }
        label = _("Show what was published") if self.shows_live else _("Show the figures of now")
        return {"url": f"{reverse('reports:boards')}?{urlencode(asked)}", "label": label}

    def _publishing(self) -> dict:
        seen = self.board.revision if self.board else 0
        correction = self.board is not None
        form = self.publish_form or PublishForm(correction=correction)
        if correction:
            label = _("Publish the correction (revision %(n)s)") % {"n": seen + 1}
            ask = _("Publish revision %(n)s?") % {"n": seen + 1}
        else:
            label, ask = _("Publish the board"), _("Publish this board?")
        return {
            "publish": {
                "label": label,
                "ask": ask,
                "points": self._consequences(),
                "form": form if form.fields else None,
                "hidden": [("kind", self.kind), ("period", self.period.code), ("seen_revision", seen)],
                "submit_key": submits.new_key(),
                "open": bool(form.is_bound),
                "errors": form.non_field_errors() if form.is_bound else [],
            }
        }

    def _consequences(self) -> list[str]:
        """What publishing will do, with the figures it will freeze."""
        line = self.live.store_line
        people = sum(one.line_kind == LineKind.PERSON for one in self.live.lines)
        if line.score is not None and self.targets.enough(line.n):
            met = self.targets.met(line.score)
            words = (
                _("%(index)s %(score)s, n=%(n)s: target met")
                if met
                else _("%(index)s %(score)s, n=%(n)s: target missed")
            )
            score = words % {"index": self.kind.upper(), "score": markup.score_text(line.score), "n": line.n}
        else:
            score = _("%(index)s: insufficient sample, n=%(n)s") % {"index": self.kind.upper(), "n": line.n}
        who = ngettext("%(n)s person on it", "%(n)s persons on it", people) % {"n": people}
        return [score, who, _("The figures are frozen; answers that arrive later need a correction with a reason.")]

    # -- the targets of the month

    def _month(self) -> dict | None:
        if self.period.kind != MONTH or self.live is None:
            return None
        validity = queries.month_validity(self.store, self.kind, self.period, now=self.now)
        month = {
            "validity": validity,
            "contact": percent_text(validity.contacted, validity.due),
            "completion": percent_text(validity.completed, validity.contacted),
            "judged_on": self.store.local_date(validity.judged_at),
            "contact_bar": f"{validity.targets.contact_percent.normalize():f}%",
            "completion_bar": f"{validity.targets.completion_percent.normalize():f}%",
        }
        if self.reader.accepts and validity.valid is False and not validity.accepted:
            form = self.accept_form or AcceptForm()
            month |= {
                "form": form,
                "open": form.is_bound,
                "hidden": [("kind", self.kind), ("period", self.period.code)],
                "submit_key": submits.new_key(),
            }
        return month

    def _chat(self, head, body) -> str:
        if not self.reader.live:
            return ""
        title = f"{self.store.name} {head['kind_label']} {say.period_label(self.period)}"
        return chat_text(title, body["figures"], body["rows"])


def revision_context(request, board: Board) -> dict:
    """A published revision as it was frozen, what it changed, and its sisters."""
    store = board.store
    reader = Reader.of(request, store)
    period = Period(board.period_kind, board.period_start)
    lines = list(board.lines.all())
    targets = Targets.read(board.targets)
    revisions = list(
        Board.objects.filter(
            store=store, kind=board.kind, period_kind=board.period_kind, period_start=board.period_start
        )
        .select_related("published_by")
        .order_by("revision")
    )

    def url(kind: str = "", period_: Period | None = None, **more) -> str:
        if not kind and period_ is None:
            query = urlencode(more)
            return reverse("reports:board", args=[board.pk]) + (f"?{query}" if query else "")
        asked = {"kind": kind or board.kind, (period_ or period).kind: (period_ or period).code}
        return f"{reverse('reports:boards')}?{urlencode(asked)}"

    def answers(line) -> str:
        return reverse("reports:answers", args=[board.pk, line.subject_key])

    body = table(reader, lines, targets, board.kind, period, url)
    body |= opened(reader, lines, request.GET.get("open", ""), answers)
    earlier = next((one for one in revisions if one.revision == board.revision - 1), None)
    changed = services.differences(earlier.lines.all(), lines) if earlier else []
    return {
        **head(period, board.kind, store, request.now, url),
        **body,
        "page_title": _("Published board"),
        "back_url": url(board.kind, period),
        "board": board,
        "newest": revisions[-1],
        "revisions": [{"board": one, "url": reverse("reports:board", args=[one.pk])} for one in revisions],
        "differences": difference_rows(changed),
        "changed": len(changed),
    }


def head(period: Period, kind: str, store, now, url) -> dict:
    """Title, period switch and tabs."""
    today = store.local_date(now)
    kinds = {BoardKind.CSI: _("After-sales CSI"), BoardKind.SSI: _("Sales SSI")}
    following = period.next()
    other = Period.of(MONTH if period.kind == WEEK else WEEK, min(period.last_day, today))
    week, month = (period, other) if period.kind == WEEK else (other, period)
    return {
        "period": period,
        "period_label": say.short_label(period),
        "period_days": say.days_label(period, today) if period.kind == WEEK else "",
        "previous_url": url(kind, period.previous()),
        "next_url": url(kind, following) if following.start <= today else "",
        "segments": [
            {"url": url(kind, week), "label": _("Week"), "active": period.kind == WEEK},
            {"url": url(kind, month), "label": _("Month"), "active": period.kind == MONTH},
        ],
        "tabs": [
            {"url": url(code, period), "label": label, "active": code == kind, "count": None}
            for code, label in kinds.items()
        ],
        "kind": kind,
        "kind_label": kinds[BoardKind(kind)],
    }


def table(reader: Reader, lines, targets: Targets, kind: str, period: Period, url) -> dict:
    """Figures of the store and the rows of the table; every score the reader may open carries its address."""
    than = _("vs last week") if period.kind == WEEK else _("vs last month")
    trend = queries.published_trend(reader.store, kind, period, few=targets.few)
    rows = board_rows(lines, targets, trend=trend, own=reader.own, masked=reader.masked(targets))
    by_key = {line.subject_key: line for line in lines}
    for row in rows:
        row["url"] = (
            f"{url(open=row['key'])}#{row['key'].replace(':', '')}" if reader.may_open(by_key[row["key"]]) else ""
        )
        row["anchor"] = row["key"].replace(":", "")
    store_line = lines[0]
    urls = {"parts": f"{url(open=store_line.subject_key)}#parts"}
    return {
        "figures": store_figures(store_line, targets, kind.upper(), than, urls),
        "rows": rows,
        "target": f"{targets.board_target.normalize():f}",
        "than": _("vs last week") if period.kind == WEEK else _("vs last month"),
        "span": _("8 weeks") if period.kind == WEEK else _("8 months"),
        "few": targets.few,
        "close_url": url(),
        "masked": reader.masked(targets),
    }
