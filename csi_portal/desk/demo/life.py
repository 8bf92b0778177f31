"""The life of one store: what happens on each day of its weeks, up to now."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from complaints import services as complaints
from complaints.services import pulling
from csi_portal.notifications.models import ActionItem, Message
from csi_portal.notifications.services import finish_item, mark_read
from csi_portal.organization import hooks
from surveys.services import callbacks, imports, responses

from . import plots, texts
from .calls import Desk
from .clock import Clock
from .figures import Figures
from .forms import DEPARTMENT_OF, FROM_CALL, Forms
from .money import Money
from .stage import Stage, write_roster
from .weeks import Order, Pace, Town, Workshop, dms_file

# On the last days some calls are left for whoever looks at the queue.
LEFT_IN_QUEUE = 7

# Name and phone of rows somebody has to look at: a landline, too few digits, no name; the last one is good.
UNCLEAR = (("测试立新", "021-66600001"), ("例少一位", "1990000"), ("", "19900009903"), ("例新客", "19900009904"))

# The DMS is exported twice a week; callbacks fall due three days after an order is closed.
IMPORT_DAYS = (0, 3)

# Who ticks off which item when its time has come.
DONE_BY = {
    "complaint.relationship_contact": "care",
    "complaint.measures_after_closing": "carem",
    "incentives.notice_in_person": "carem",
}


@dataclass(frozen=True)
class Scale:
    """How much goes on in a store: orders a day, forms beside those from calls (a day), for how many weeks."""

    pace: Pace
    forms_a_day: float
    weeks: int = 8


def first_day(today: date, weeks: int) -> date:
    """The Monday so many weeks before this week's."""
    return today - timedelta(days=today.weekday() + 7 * weeks)


class Life:
    """Plans and plays the weeks of a store."""

    def __init__(self, stage: Stage, clock: Clock, scale: Scale, seed: str, first_customer: int = 0):
        self.stage, self.clock, self.scale = stage, clock, scale
        self.store, self.users = stage.store, stage.users
        self.rng = Random(f"{seed}/{self.store.code}")
        self.today = self.store.local_date(clock.end)
        begin = first_day(self.today, scale.weeks)
        self.days = [begin + timedelta(days=n) for n in range((self.today - begin).days + 1)]
        to_come = [self.today + timedelta(days=n) for n in range(1, 15)]
        self.off = write_roster(stage, [*self.days, *to_come], self.today, self.at(begin, time(8)))
        self.forms = Forms(stage, clock, self._rng("forms"), self.agent_on, self.sweep)
        self.desk = Desk(
            stage,
            clock,
            self._rng("calls"),
            after_low=self._after_low,
            wish_of=self.forms.wish_of,
            after_complaint=self._after_complaint,
        )
        self.forms.desk = self.desk
        self.figures = Figures(stage, clock)
        self.money = Money(stage, clock, self._rng("money"))
        self.workshop = Workshop(
            Town(stage.site, f"{seed}/{self.store.code}", first=first_customer),
            stage.names(),
            scale.pace,
            self._rng("workshop"),
        )

    def _rng(self, name: str) -> Random:
        return Random(self.rng.random().hex() + name)

    def at(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, tzinfo=self.store.zone)

    def agent_on(self, now: datetime) -> str:
        """The care agent on duty: never the one who is off."""
        day = self.store.local_date(now)
        agents = [key for key in ("care", "care_b") if (key, day) not in self.off]
        return agents[day.toordinal() % len(agents)]

    # -- the plan

    def plan(self) -> None:
        """Put everything that will happen on the clock."""
        is_open = self.forms.calendar.is_workday
        open_days = [day for day in self.days if is_open(day)]
        orders: list[Order] = []
        for day in self.days:
            if day.weekday() == 0 or day == self.today:
                self.clock.at(self.at(day, time(8, 20)), self.sweep_all)
            if not is_open(day):
                continue
            if orders and (day.weekday() in IMPORT_DAYS or day == self.today):
                self.clock.at(self.at(day, time(8, 35)), lambda now, orders=orders: self._import(orders, now))
                orders = []
            self._plan_day(day, keep=day in open_days[-2:])
            orders = orders + self.workshop.day(day)
        self._plan_forms(open_days)
        self.figures.plan(self.days)
        self.money.plan(self.days)

    def _plan_day(self, day: date, keep: bool) -> None:
        """The plan says whom to call, the agents call, the general manager approves."""
        self.clock.at(self.at(day, time(8, 50)), self._generate)
        agents = [key for key in ("care", "care_b") if (key, day) not in self.off]
        self.desk.plan_day(day, agents, keep=LEFT_IN_QUEUE if keep else 0)
        self.clock.at(self.at(day, time(17, 40)), self.forms.approve_grumbles)

    def _plan_forms(self, open_days: list[date]) -> None:
        rng = self._rng("plots")
        for before, plot in plots.set_pieces():
            if before > timedelta(days=7 * self.scale.weeks - 3):  # nobody has been here yet
                continue
            self.forms.begin(plot, self._speaks_at(self.clock.end - before, plot))
        for before, plot in plots.scenes(self.clock.end, self.forms.calendar):
            self.forms.begin(plot, self.clock.end - before)
        for day in open_days[2:-1]:
            if rng.random() < self.scale.forms_a_day:
                plot = plots.some_plot(rng)
                hour = rng.randint(9, 16)
                self.forms.begin(plot, self.at(day, time(hour, rng.randint(0, 59), rng.randint(0, 59))))

    def _speaks_at(self, about: datetime, plot) -> datetime:
        """The next moment at which the store is open; who writes may do so at any hour."""
        return about if plot.source in ("online", "sms", "email") else self.forms.open_after(about, 7)

    # -- what happens

    def _import(self, orders: list[Order], now: datetime) -> None:
        """The orders since the last file come from the DMS."""
        name = f"DMS_{self.store.code}_{orders[0].closed_at:%m%d}-{orders[-1].closed_at:%m%d}.xlsx"
        extra = self._unclear(orders[-1], now) if self.store.local_date(now) == self.today else None
        by = self.users[self.agent_on(now)]
        imports.direct.import_file(self.store, dms_file(orders, extra), name=name, by=by, now=now)

    def _generate(self, now: datetime) -> None:
        callbacks.generate_callbacks(self.store, on=self.store.local_date(now), now=now)

    def _unclear(self, last: Order, now: datetime) -> dict:
        """Rows somebody has to look at: a landline, a number that is too short, an adviser nobody knows."""
        yesterday = last.closed_at.replace(hour=16, minute=5)
        base = {"性别": "男", "品牌": "例牌", "车型": "例星A5 1.5T", "业务类型": "一般维修", "进厂时间": yesterday,
                "结算时间": yesterday, "结算金额": 560, "服务顾问": "例新来", "维修技师": ""}  # fmt: skip
        number = f"RO{yesterday:%y%m%d}9"
        return {
            "service": [
                {
                    **base,
                    "工单号": f"{number}{place:02}",
                    "客户姓名": name,
                    "手机号": phone,
                    "车牌号": f"沪Z9000{place}",
                }
                for place, (name, phone) in enumerate(UNCLEAR)
            ]
        }

    def _after_low(self, response, user, now: datetime) -> None:
        """A low answer: a form in the same call, or a reason; those of the last days are left to settle."""
        rng = self.desk.rng
        if now > self.clock.end - timedelta(hours=30):
            return
        if rng.random() < 0.25:
            responses.state_no_complaint(response, reason=rng.choice(texts.NO_FORM_REASONS), by=user, now=now)
            return
        plot = plots.some_plot(rng, source=FROM_CALL, department=DEPARTMENT_OF[response.callback.visit.kind])
        self.forms.begin_from_call(plot, response, user, now)

    def _after_complaint(self, form_pk: int, now: datetime) -> None:
        pulling.pull(now)
        self.forms.after_callback(form_pk, now)

    @property
    def refused(self) -> list[str]:
        """Acts of the play that a service did not allow."""
        return self.forms.refused + self.money.refused

    # -- alerts

    def sweep(self, now: datetime) -> None:
        """The pass over the deadlines, at the second one of them asks for it."""
        complaints.sweep(now)

    def sweep_all(self, now: datetime) -> None:
        """The full pass of the morning."""
        for part in hooks.sweeps().values():
            part(now)

    def wind_up(self) -> None:
        """Now: what is due today is in the queue, what is past its time has alerted, old messages are read."""
        now = self.clock.end
        self._generate(now)
        self.money.look(now)
        self.sweep_all(now)
        self._tick_off(now)
        for user in self.users.values():
            old = Message.objects.unread(user).filter(store=self.store, created_at__lt=now - timedelta(hours=20))
            mark_read(user, list(old.values_list("pk", flat=True)), now=now)

    def _tick_off(self, now: datetime) -> None:
        """Items whose time came before today were seen to when they were due."""
        due = now - timedelta(hours=20)
        items = ActionItem.objects.filter(store=self.store, done_at=None, kind__in=DONE_BY, created_at__lt=due)
        for item in items.order_by("pk"):
            when = min(item.due_at or item.created_at + timedelta(hours=6), item.created_at + timedelta(days=28))
            if when < due:
                finish_item(item, by=self.users[DONE_BY[item.kind]], now=when, note=texts.ITEM_NOTES[item.kind])
