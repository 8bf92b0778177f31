"""Who of a plan line's visits is called, who is skipped and why (POLICY section 2, "Plan"). Reads only."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q

from csi_portal.organization.models import Store
from surveys import planning
from surveys.calling import CallingRules
from surveys.enums import OPEN_CALLBACKS, CallbackStatus, Reason
from surveys.models import Callback, CustomerPhone, PlanLine, Response, Suppression, Visit
from surveys.models.calls import FOR_COMPLAINT


@dataclass
class Run:
    """One line on one day."""

    store: Store
    line: PlanLine
    on: date
    now: datetime
    rules: CallingRules
    is_open: Callable[[date], bool]

    def __post_init__(self):
        self._due: dict[date, date] = {}
        self.left_out: set[int] = set()

    def due_on(self, visit) -> date:
        closed_on = self.store.local_date(visit.closed_at)
        if closed_on not in self._due:
            self._due[closed_on] = planning.due_on(closed_on, self.line.days_after, self.is_open)
        return self._due[closed_on]

    def too_late_on(self, due: date) -> date:
        """The first day on which it may no longer be called."""
        return due + timedelta(days=self.line.too_late_days + 1)

    def go_live(self) -> date | None:
        live_from = self.store.live_from
        return self.line.go_live_on or (self.store.local_date(live_from) if live_from else None)

    def window(self) -> tuple[datetime, datetime]:
        """The visits to look at, by closing time: from inclusive, to exclusive."""
        last = self.on - timedelta(days=self.line.days_after)
        # closed days push due days back, so a visit may be older than its due day says
        first = last - timedelta(days=self.line.too_late_days + planning.LONGEST_CLOSURE)
        live = self.go_live()
        if live is not None:
            first = max(live, min(first, last - timedelta(days=self.rules.look_back_days)))
        return self.midnight(first), self.midnight(last + timedelta(days=1))

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.store.zone).astimezone(UTC)


class Judge:
    """Whether a subject is called, skipped (why) or too late; reads what a whole batch needs in a few queries."""

    def __init__(self, run: Run, wanted: list[tuple[date, Visit]]):
        self.run = run
        customers = {visit.customer_id for _due, visit in wanted}
        phones = {visit.customer.phone for _due, visit in wanted}
        first = min((due for due, _visit in wanted), default=run.on)
        self._good, self._bad = known_numbers(customers)
        self._suppressed = set(Suppression.objects.filter(phone__in=phones).values_list("phone", flat=True))
        self._surveyed = self._completed(customers, first)
        self._contacts = self._planned(customers, first)
        self._drawn = self._drawn_so_far(first)

    def verdict(self, due: date, visit: Visit) -> tuple[str, dict | None]:
        """The reason for not calling, or ""; and the draw that decided, if there was one."""
        phone = visit.customer.phone
        if not (phone and (visit.customer_id, phone) not in self._bad) and not self._good[visit.customer_id]:
            return Reason.NO_NUMBER, None
        if phone in self._suppressed:
            return Reason.DO_NOT_CALL, None
        if self._is_resting(due, visit):
            return Reason.REST_PERIOD, None
        contacts = self._contacts[visit.customer_id]
        earliest = due - timedelta(days=self.run.rules.budget_days)
        if sum(1 for day in contacts if earliest < day <= due) >= self.run.rules.budget_contacts:
            return Reason.CONTACT_BUDGET, None
        taken, draw = self._draw(due, f"visit:{visit.pk}")
        if not taken:
            return Reason.NOT_DRAWN, draw
        if self.run.too_late_on(due) <= self.run.on:
            return Reason.TOO_LATE, draw
        contacts.append(due)
        return "", draw

    def _is_resting(self, due: date, visit: Visit) -> bool:
        rest = self.run.line.rest_days
        return any(
            other != visit.pk and due - timedelta(days=rest) < day <= max(due, self.run.on)
            for other, day in self._surveyed[visit.customer_id]
        )

    def _completed(self, customers, first: date) -> dict[int, list[tuple[int, date]]]:
        """Completed surveys of the same visit kind: customer → [(visit, the store's day)]."""
        found = defaultdict(list)
        if not self.run.line.rest_days:
            return found
        since = self.run.midnight(first - timedelta(days=self.run.line.rest_days + 1))
        rows = Response.objects.filter(
            store=self.run.store,
            completed_at__gte=since,
            is_complete=True,
            callback__customer__in=customers,
            callback__visit__kind=self.run.line.visit_kind,
        ).values_list("callback__customer_id", "callback__visit_id", "completed_at")
        for customer, visit, completed_at in rows:
            found[customer].append((visit, self.run.store.local_date(completed_at)))
        return found

    def _planned(self, customers, first: date) -> dict[int, list[date]]:
        """Contacts that count against the budget: customer → due days of calls that were made or will be."""
        found = defaultdict(list)
        rows = Callback.objects.filter(
            Q(status__in=OPEN_CALLBACKS) | Q(contacted_at__isnull=False),
            store=self.run.store,
            customer__in=customers,
            due_on__gt=first - timedelta(days=self.run.rules.budget_days),
        ).exclude(FOR_COMPLAINT)
        for customer, due in rows.values_list("customer_id", "due_on"):
            found[customer].append(due)
        return found

    def _drawn_so_far(self, first: date) -> Counter:
        """How many of a monthly number were taken already, by month."""
        counts = Counter()
        if self.run.line.sampling == "number":
            rows = Callback.objects.filter(
                store=self.run.store, line_key=self.run.line.line_key, due_on__gte=first.replace(day=1)
            ).exclude(status=CallbackStatus.SKIPPED)
            counts.update((day.year, day.month) for day in rows.values_list("due_on", flat=True))
        return counts

    def _draw(self, due: date, subject_key: str) -> tuple[bool, dict | None]:
        line = self.run.line
        if line.sampling == "all" or line.sampling_value is None:
            return True, None
        seed = planning.seed_of(self.run.store.code, line.line_key, due)
        lot = planning.ticket(seed, subject_key)
        draw = {"seed": seed, "lot": lot, "sampling": line.sampling, "value": line.sampling_value}
        if line.sampling == "percent":
            return planning.taken_by_percent(lot, line.sampling_value), draw
        month = (due.year, due.month)
        taken = self._drawn[month] < planning.quota_until(line.sampling_value, due)
        self._drawn[month] += taken
        return taken, draw


def known_numbers(customers) -> tuple[dict[int, list[str]], set[tuple[int, str]]]:
    """Further numbers that are good, by customer, and the pairs (customer, number) known to be bad."""
    good, bad = defaultdict(list), set()
    rows = CustomerPhone.objects.filter(customer__in=customers).values_list("customer_id", "number", "bad_since")
    for customer, number, bad_since in rows:
        if bad_since is None:
            good[customer].append(number)
        else:
            bad.add((customer, number))
    return good, bad
