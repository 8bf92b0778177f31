"""The sweep over the deadlines of complaints: alerts, breaches still open, the general manager's daily reminder.

Set-based and in batches: it costs what is due, not what exists. A full pass every time; two at once change nothing.
"""

import logging
from collections import Counter
from datetime import datetime, time

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from csi_portal.notifications import outbox, recipients
from csi_portal.notifications.alerts import raise_alerts
from csi_portal.notifications.models import THRESHOLDS, AlertKind, Message, past_threshold
from csi_portal.organization import hooks, permissions
from csi_portal.organization.errors import Conflict
from csi_portal.organization.models import Store
from csi_portal.organization.permissions import SYSTEM

from ..enums import ASKING_STEPS, OPEN
from ..models import Alert, Breach, Complaint, Deadline, Event, Instruction
from . import pulling
from .base import actor_of, read_clock, write_down
from .breaches import Judge, update_judgement
from .clocks import FormClock
from .people import Directory, Roster, alert_recipients, general_managers, once
from .telling import step_params, tell, tell_nobody

logger = logging.getLogger(__name__)

# More alerts than this for one person in one pass come as one digest.
DIGEST_ABOVE = 5
BATCH = 500
# The daily reminder goes out from this hour of the store on.
REMIND_FROM = time(9, 0)


def sweep(now: datetime | None = None) -> dict[str, int]:
    """One full pass: raise what is due, record breaches still open, remind of unanswered questions.

    Returns how many of each: `warning`, `overdue`, `escalated` alerts raised, `breaches` found, `judged_again`,
    `reminded`.
    """
    now = read_clock(now)
    pulling.pull(now)  # a callback answered in time must not be alerted as missing
    post = Post(now)
    post.look_ahead()
    counts = raise_alerts(Alert, _due(), now=now, messages_for=post.messages_for)
    counts["breaches"] = _find_breaches(now)
    counts["judged_again"] = _judge_again(now)
    counts["reminded"] = _remind(now)
    return counts


def _due():
    return (
        Deadline.objects.alerting()
        .select_related(
            "store",
            "complaint__store",
            "complaint__department",
            "complaint__care_agent",
            "complaint__assignee__user",
        )
        .prefetch_related("complaint__responsibilities__employee", "complaint__signatures")
    )


class Post:
    """Writes the messages of one pass; who gets many at once (after downtime) gets one digest instead."""

    def __init__(self, now: datetime):
        self.now = now
        self._directories: dict[int, Directory] = {}
        self._many: dict[tuple[int, int], Counter] = {}
        self._digested: set[tuple[int, int]] = set()

    def directory(self, store) -> Directory:
        if store.pk not in self._directories:
            self._directories[store.pk] = Directory(store, self.now)
        return self._directories[store.pk]

    def messages_for(self, kind: str, rows: list[Deadline]) -> list:
        """Message groups of a batch of fresh alerts; runs in the transaction that stores them."""
        groups, lines = [], []
        for row in rows:
            users = self._recipients(row, kind)
            lines.append(self._line(row, kind, users))
            groups += [self._message(row, kind, user) for user in users] or self._nobody(row, kind)
        Event.objects.bulk_create(lines, batch_size=500)
        if kind == AlertKind.ESCALATED:
            groups += self._ask_general_managers(rows)
        return groups

    def _recipients(self, row: Deadline, kind: str) -> list:
        form = row.complaint
        return once(alert_recipients(form, row.step, kind, self.directory(form.store)))

    def look_ahead(self) -> None:
        """Count what every person is about to get, so that who gets many gets it as one digest."""
        waiting = {kind: self._missing(kind) for kind in THRESHOLDS}
        few = DIGEST_ABOVE + 1
        if sum(len(rows.order_by().values_list("pk")[:few]) for rows in waiting.values()) < few:
            return  # nobody can get many
        found: dict[tuple[int, int], Counter] = {}
        taken = set()
        for kind, rows in waiting.items():
            for row in rows.iterator(chunk_size=1000):
                if row.pk in taken:  # only the highest kind is raised
                    continue
                taken.add(row.pk)
                for user in self._recipients(row, kind):
                    found.setdefault((row.store_id, user.pk), Counter())[str(kind)] += 1
        self._many = {key: counter for key, counter in found.items() if counter.total() > DIGEST_ABOVE}

    def _missing(self, kind: str):
        known = Alert.objects.filter(deadline=OuterRef("pk"), kind=kind)
        return _due().filter(past_threshold(kind, self.now), ~Exists(known))

    def _message(self, row: Deadline, kind: str, user) -> list:
        person = (row.store_id, user.pk)
        form = row.complaint
        if person in self._digested:
            return []
        if person in self._many:
            self._digested.add(person)
            many = self._many[person]
            return outbox.build(
                form.store,
                user,
                "complaint.digest",
                # one per person and pass: its batches and kinds write the same message, the next pass another one
                dedupe_key=f"complaint.digest:{self.now.isoformat()}",
                now=self.now,
                url=reverse("complaints:list") + "?overdue=1",
                urgent=True,
                total=many.total(),
                **{name: many.get(name, 0) for name in AlertKind.values},
            )
        return outbox.build(
            form.store,
            user,
            f"complaint.{kind}",
            dedupe_key=alert_key(row, kind),
            now=self.now,
            url=form.get_absolute_url(),
            urgent=kind != AlertKind.WARNING,
            number=form.number,
            level=form.level,
            **step_params(form.store, row.step, row.due_at, self.now),
        )

    def _nobody(self, row: Deadline, kind: str) -> list:
        form = row.complaint
        logger.error("nobody to tell of %s %s on %s", kind, row.step, form.number)
        return [
            outbox.build(
                form.store,
                user,
                "complaint.nobody",
                dedupe_key=f"complaint.nobody:{row.pk}:{kind}",
                now=self.now,
                url=form.get_absolute_url(),
                urgent=True,
                number=form.number,
                level=form.level,
                **step_params(form.store, row.step, row.due_at, self.now),
            )
            for user in self._administrators(form.store)
        ]

    def _administrators(self, store) -> list:
        directory = self.directory(store)
        if not hasattr(directory, "administrators"):
            directory.administrators = recipients.administrators(store, self.now)
        return directory.administrators

    def _line(self, row: Deadline, kind: str, users: list) -> Event:
        return Event(
            store_id=row.store_id,
            complaint=row.complaint,
            kind="alert",
            happened_at=self.now,
            recorded_at=self.now,
            actor_name=SYSTEM.display_name(),
            detail={
                "alert": str(kind),
                "step": row.step,
                "due_at": row.due_at.isoformat(),
                "to": [user.display_name() for user in users],
            },
        )

    def _ask_general_managers(self, rows: list[Deadline]) -> list:
        """An escalation asks the general manager for an answer, unless a question is open on the form.

        Of the due times beside the steps only the follow-up of a major form is worth one: the others (measures,
        reports, the general manager's own approval) are told, not asked.
        """
        forms = {row.complaint_id: row.complaint for row in rows if row.step in ASKING_STEPS}
        asked = Instruction.objects.filter(complaint__in=forms, answered_at=None)
        for complaint_id in asked.values_list("complaint_id", flat=True):
            forms.pop(complaint_id)
        Instruction.objects.bulk_create(
            [
                Instruction(store_id=form.store_id, complaint=form, asked_at=self.now, asked_because="escalated")
                for form in forms.values()
            ],
            ignore_conflicts=True,
        )
        return []  # the alert itself says that an answer is asked for


def alert_key(deadline: Deadline, kind: str) -> str:
    return f"complaint.{kind}:{deadline.pk}"


# --- breaches that are still open -----------------------------------------------------------------------------------


def _find_breaches(now) -> int:
    """Record every open deadline past its time as a breach, once."""
    known = Breach.objects.filter(deadline=OuterRef("pk"))
    overdue = Deadline.objects.alerting().filter(due_at__lt=now).filter(~Exists(known))
    return _in_batches(overdue.values_list("pk", flat=True), now, _store_breaches)


def _store_breaches(rows: list[Deadline], now) -> int:
    known = set(Breach.objects.filter(deadline__in=rows).values_list("deadline_id", flat=True))
    judges = _judges({row.complaint_id for row in rows})
    fresh = [judges[row.complaint_id].breach(row, now=now) for row in rows if row.pk not in known]
    Breach.objects.bulk_create(fresh, batch_size=500)
    if fresh:
        hooks.wake("breach")
    return len(fresh)


def _judge_again(now) -> int:
    """Look again at breaches whose fairness may have turned since they were found."""
    waiting = Breach.objects.filter(judge_again_at__lt=now).values_list("deadline", flat=True)
    return _in_batches(waiting, now, _judge_rows_again)


def _judge_rows_again(rows: list[Deadline], now) -> int:
    judges = _judges({row.complaint_id for row in rows})
    known = dict(Breach.objects.filter(deadline__in=rows).values_list("deadline_id", "pk"))
    for row in rows:
        breach = judges[row.complaint_id].breach(row, now=now)
        breach.pk = known[row.pk]
        update_judgement(breach)
    hooks.wake("breach")
    return len(rows)


def _in_batches(pks, now, act) -> int:
    """Let `act` work on the open deadlines of `pks`, locked, batch by batch.

    The keys are read first and without an order: asked for the rows in the order of their keys, SQLite walks through
    every deadline there ever was instead of the small index of what is due.
    """
    wanted, total = sorted(pks.order_by()), 0
    for start in range(0, len(wanted), BATCH):
        with transaction.atomic():
            rows = Deadline.objects.running().filter(pk__in=wanted[start : start + BATCH]).order_by("pk")
            total += act(list(rows.select_for_update(of=("self",), no_key=True)), now)
    return total


def _judges(complaint_ids) -> dict[int, Judge]:
    """A judge per form, from a constant number of queries."""
    forms = (
        Complaint.objects.filter(pk__in=complaint_ids)
        .select_related("store", "policy_version", "calendar_version", "department", "assignee")
        .prefetch_related("deadlines", "holdings", "responsibilities")
    )
    rosters: dict[int, Roster] = {}
    clocks: dict[tuple, FormClock] = {}  # reading a calendar costs more than asking it
    found = {}
    for form in forms:
        live = {row.step: row for row in form.deadlines.all() if row.superseded_at is None}
        roster = rosters.setdefault(form.store_id, Roster(form.store))
        pinned = (form.store_id, form.clock, form.policy_version_id, form.calendar_version_id)
        clock = clocks.get(pinned) or clocks.setdefault(pinned, FormClock.of(form))
        found[form.pk] = Judge(form, live, list(form.holdings.all()), clock, roster)
    return found


# --- the general manager's answer -------------------------------------------------------------------------------------


def _remind(now) -> int:
    """Remind of every open question once a day of the store, from nine in the morning, until it is answered."""
    open_ones = Instruction.objects.filter(answered_at=None, complaint__status__in=OPEN)
    asking = Store.objects.filter(pk__in=open_ones.order_by().values("store").distinct())
    return sum(_remind_store(store, open_ones, now) for store in asking if store.local(now).time() >= REMIND_FROM)


def _remind_store(store, open_ones, now) -> int:
    today = store.local_date(now)
    midnight = datetime.combine(today, time.min, tzinfo=store.zone)
    due = open_ones.filter(Q(reminded_on=None) | Q(reminded_on__lt=today), store=store, asked_at__lt=midnight)
    directory = Directory(store, now)
    return sum(
        _remind_of(question, directory, today, now)
        for question in due.select_related("complaint__store", "complaint__department").order_by("pk")
    )


def _remind_of(question: Instruction, directory: Directory, today, now) -> int:
    with transaction.atomic():
        unanswered = Instruction.objects.filter(pk=question.pk, answered_at=None)
        if not unanswered.exclude(reminded_on=today).update(reminded_on=today):
            return 0
        key = f"{question.pk}:{today}"
        users = general_managers(directory)
        if users:
            tell(question.complaint, users, "instruction_reminder", now=now, key=key, urgent=True)
        else:
            tell_nobody(question.complaint, step="instruction", now=now, key=key)
    return 1


# --- "I have it" ------------------------------------------------------------------------------------------------------


def acknowledge_alert(alert: Alert, *, by, now=None) -> Alert:
    """Say "I have it": the others see it on the form and are not reminded of this alert again.

    Conflict: somebody else has it already. NotAllowed: who may not write on the form.
    """
    now = read_clock(now)
    form = alert.deadline.complaint
    permissions.require(by, "complaints.note", form)
    with transaction.atomic():
        changed = Alert.objects.filter(pk=alert.pk, acknowledged_at=None, raised_at__isnull=False).update(
            acknowledged_at=now, acknowledged_by=actor_of(by)
        )
        if not changed:
            raise Conflict(_("Somebody has taken this already."))
        told = Message.objects.filter(store=form.store, dedupe_key=alert_key(alert.deadline, alert.kind))
        told.filter(acknowledged_at=None).update(acknowledged_at=now)
        write_down(form, "alert_taken", by=by, now=now, alert=alert.kind, step=alert.deadline.step)
    alert.refresh_from_db()
    return alert
