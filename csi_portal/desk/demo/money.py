"""What finance and the general manager do about money: decide, hear objections, close months."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from csi_portal.organization.errors import Refusal
from incentives import reconcile, services
from incentives.models import LedgerEntry, Notice, Objection, Proposal, ProposalStatus
from reports.periods import Period
from reports.queries.board import targets_at
from reports.queries.months import judging_day

from . import texts
from .clock import Clock
from .figures import months_over
from .stage import Stage

DECIDED_ON = (1, 4)  # Tuesday and Friday
# What was proposed in the last days still waits for a decision.
LEFT_DAYS = 3
LOCAL_MINIMUM = Decimal("2690.00")


class Money:
    def __init__(self, stage: Stage, clock: Clock, rng: Random):
        self.stage, self.clock, self.rng = stage, clock, rng
        self.store, self.users = stage.store, stage.users
        self.refused: list[str] = []
        self._heard: set[int] = set()

    def _at(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, tzinfo=self.store.zone)

    def plan(self, days: list[date]) -> None:
        """The adoption, two rounds of decisions a week, an award a month, and the months that close."""
        self.clock.at(self._at(days[0], time(8, 40)), self._adopt)
        for day in days[2:-LEFT_DAYS]:
            if day.weekday() in DECIDED_ON or day == days[-LEFT_DAYS - 1]:
                self.clock.at(self._at(day, time(16, 40)), self._decide)
        for day in days[10:]:
            if day.day in (12, 26):
                self.clock.at(self._at(day, time(11, 20)), self._award)
        for month in months_over(days):
            self._plan_month(month)

    def _plan_month(self, month: Period) -> None:
        judged_at, _due = judging_day(self.store, month, targets_at(self.store, month, self.clock.end))
        day = self.store.local_date(judged_at)
        for offset, wall, act in (
            (0, time(14, 30), self._enter_wages),
            (1, time(16, 50), self._decide_month),
            (2, time(15, 20), self._ask_lock),
            (3, time(10, 30), self._confirm_lock),
        ):
            when = self._at(day + timedelta(days=offset), wall)
            self.clock.at(when, lambda now, act=act: act(month, now))

    # -- acts

    def _adopt(self, now: datetime) -> None:
        today = self.store.local_date(now)
        services.record_adoption(
            self.store,
            adopted_on=today - timedelta(days=24),
            announced_on=today - timedelta(days=17),
            treatment="performance_pay",
            by=self.users["gm"],
            now=now,
            note="职工代表会讨论通过，已张榜公布并由员工签收。",
        )

    def look(self, now: datetime) -> None:
        """Reconcile what the floors below have written since."""
        reconcile.look_at_touched(now)

    def _decide(self, now: datetime) -> None:
        """The general manager goes through what has waited for a day; the group approver takes the rest."""
        self.look(now)
        waiting = Proposal.objects.waiting().filter(store=self.store, proposed_at__lt=now - timedelta(hours=20))
        self._decide_on(list(waiting.with_relations().order_by("pk")), now)

    def _decide_month(self, month: Period, now: datetime) -> None:
        """Before a month is closed nothing of it is left open."""
        reconcile.reconcile_month(self.store, month.start, now=now)
        waiting = Proposal.objects.waiting().filter(store=self.store, month=month.start)
        self._decide_on(list(waiting.with_relations().order_by("pk")), now)

    def _decide_on(self, rows: list[Proposal], now: datetime) -> None:
        for row in rows:
            concerned = row.concerned_user_ids()
            by = next((self.users[key] for key in ("gm", "owner") if self.users[key].pk not in concerned), None)
            if by is None:
                continue
            try:
                if row.kind == "penalty" and row.rule != "P4" and self.rng.random() < 0.15:
                    note = self.rng.choice(texts.ENTRY_REJECTIONS)
                    services.reject(row, by=by, now=now, note=note)
                else:
                    services.approve(row, by=by, now=now, note=self.rng.choice(texts.ENTRY_APPROVALS))
            except Refusal as refusal:
                self.refused.append(f"{row.rule} {row.evidence_key} {now:%m-%d}: {refusal}")
        self._let_people_answer(now)

    def _let_people_answer(self, now: datetime) -> None:
        """Whoever got a notice confirms it, objects, or lets the days pass."""
        fresh = Notice.objects.filter(store=self.store, confirmed_at=None, noticed_at__lte=now)
        for notice in fresh.exclude(pk__in=self._heard).select_related("employee__user", "entry").order_by("pk"):
            self._heard.add(notice.pk)
            if notice.employee.user is None:
                continue
            draw = self.rng.random()
            when = now + timedelta(hours=self.rng.uniform(15, 22))
            if draw < 0.35:
                self.clock.at(when, lambda at, notice=notice: self._confirm(notice, at))
            elif draw < 0.6 and notice.entry.amount < 0:
                self.clock.at(when, lambda at, notice=notice: self._object(notice, at))

    def _confirm(self, notice: Notice, now: datetime) -> None:
        services.confirm_notice(notice, by=notice.employee.user, now=now)

    def _object(self, notice: Notice, now: datetime) -> None:
        if LedgerEntry.objects.filter(reverses=notice.entry).exists():
            return
        objection = services.file_objection(
            notice.entry, by=notice.employee.user, reason=self.rng.choice(texts.OBJECTIONS), now=now
        )
        self.clock.at(now + timedelta(hours=self.rng.uniform(20, 46)), lambda at: self._rule(objection, at))

    def _rule(self, objection: Objection, now: datetime) -> None:
        upheld = self.rng.random() < 0.4
        concerned = objection.concerned_user_ids()
        by = next(self.users[key] for key in ("gm", "owner") if self.users[key].pk not in concerned)
        ruling = self.rng.choice(texts.RULINGS_UPHELD if upheld else texts.RULINGS_DENIED)
        services.rule_objection(objection, upheld=upheld, by=by, ruling=ruling, now=now)

    def _award(self, now: datetime) -> None:
        """A letter of praise: the care manager puts an award in."""
        services.propose_by_hand(
            self.store,
            "A9",
            employee=self.stage.employees[self.rng.choice(("staff", "adviser_b", "mechanic", "seller"))],
            reason=self.rng.choice(texts.PRAISED),
            by=self.users["carem"],
            now=now,
            amount=Decimal(self.rng.choice((100, 200, 300))),
            reference=f"表扬信{now:%m%d}",
        )

    def _enter_wages(self, month: Period, now: datetime) -> None:
        for key in ("care", "service", "staff", "seller"):
            person = self.stage.employees[key]
            services.enter_wage(
                self.store,
                month.start,
                person,
                gross=person.wage_base,
                local_minimum=LOCAL_MINIMUM,
                by=self.users["finance"],
                now=now,
            )

    def _ask_lock(self, month: Period, now: datetime) -> None:
        services.ask_lock(self.store, month.start, by=self.users["finance"], now=now)

    def _confirm_lock(self, month: Period, now: datetime) -> None:
        services.confirm_lock(self.store, month.start, by=self.users["gm"], now=now)

    def waiting(self) -> int:
        """How many lines wait for a decision."""
        return Proposal.objects.filter(store=self.store, status=ProposalStatus.PROPOSED).count()
