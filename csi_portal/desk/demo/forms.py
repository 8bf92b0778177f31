"""The life of tracking forms: people take the steps of a plot at the times the plot gives them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from complaints import services
from complaints.enums import OPEN, Level, Signer, Source, Status, Step, TryChannel
from complaints.models import Category, Complaint, Deadline
from csi_portal.organization import policies
from csi_portal.organization.errors import Refusal
from csi_portal.organization.models import Employee, User
from surveys.models import Callback, Visit

from . import cast, texts
from .clock import Clock
from .plots import Plot
from .stage import Stage

A_MOMENT = timedelta(seconds=1)


@dataclass
class Story:
    """A form with its plot."""

    form: Complaint
    plot: Plot
    agent: str
    # the call desk is told when the customer wants to be called, and how content the customer is by then
    callback_at: datetime | None = None


class Forms:
    """All stories of a store, and the alerts that rise on their way."""

    def __init__(self, stage: Stage, clock: Clock, rng: Random, agent_on: Callable, sweep: Callable):
        self.stage, self.clock, self.rng, self.agent_on, self.sweep = stage, clock, rng, agent_on, sweep
        self.calendar = policies.business_calendar(
            policies.current_calendar(stage.store, clock.end), stage.store, strict=False
        )
        self.categories = {row.code: row for row in Category.objects.filter(scope_key="all", kind="category")}
        self.stories: dict[int, Story] = {}
        self.opened_at = stage.store.created_at
        self.desk = None
        self.refused: list[str] = []
        self._watched: set[int] = set()
        # what runs on each form as of the last look, so that a threshold of a step long done costs nothing
        self._running: dict[int, set[int]] = {}

    # -- beginning

    def begin(self, plot: Plot, received_at: datetime, *, visit=None) -> None:
        """A customer speaks up at `received_at`; customer care writes it down a little later."""
        wait = self.rng.randint(1, 6) if plot.source in ("hotline", "in_person") else self.rng.randint(4, 14)
        register_at = self.open_after(received_at, wait, plot)
        self.clock.at(register_at, lambda now: self._register(plot, received_at, now, visit=visit))

    def begin_from_call(self, plot: Plot, response, user: User, now: datetime) -> Story:
        """A low answer becomes a form in the same call."""
        agent = next(key for key, known in self.stage.users.items() if known == user)
        return self._register(plot, now, now, agent=agent, response=response, visit=response.callback.visit)

    def _register(self, plot: Plot, received_at, now, *, visit=None, agent="", response=None) -> Story | None:
        agent = agent or self.agent_on(now)
        visit = visit or self._visit_for(plot, now)
        if visit is None:  # everybody has a form already
            return None
        late = now - received_at > timedelta(minutes=1)
        form = services.register(
            store=self.stage.store,
            level=plot.level,
            source=plot.source,
            summary=plot.matter.summary,
            demand=plot.matter.demand,
            category=self.categories.get(plot.matter.category),
            by=self.stage.users[agent],
            received_at=received_at,
            customer=visit.customer,
            visit=visit,
            late_reason="先安抚客户、核实情况后登记。" if late else "",
            major_reason="客户称将向媒体和有关部门反映。" if plot.level == Level.MAJOR else "",
            now=now,
            **({"response": response} if response is not None else {}),
        )
        return self._follow(Story(form, plot, agent), now)

    def _visit_for(self, plot: Plot, now: datetime):
        """Some visit before the complaint whose customer has none running; of the kind the matter is about."""
        kind = "sale" if plot.matter.department == "sales" else "service"
        busy = Complaint.objects.filter(store=self.stage.store, registered_at__gte=self.opened_at).values("customer")
        found = Visit.objects.filter(store=self.stage.store, kind=kind, closed_at__lt=now - timedelta(hours=20))
        rows = list(found.exclude(customer__in=busy).order_by("-closed_at", "pk")[:24])
        about = self.stage.employees[plot.matter.about].pk
        own = [row for row in rows if about in (row.advisor_id, row.technician_id)]
        return self.rng.choice(own or rows) if rows else None

    def _follow(self, story: Story, now: datetime) -> Story:
        """Plan everything people will do on the form."""
        self.stories[story.form.pk] = story
        self._watch(story.form)
        if story.form.level == Level.MAJOR:
            self._plan_major(story, now)
        if story.form.status == Status.REGISTERED:
            self._plan(story, Step.TRANSFER, now, (4, 17), self._transfer)
        else:
            self._after_transfer(story, now)
        return story

    # -- when

    def open_after(self, start: datetime, minutes: float, plot: Plot | None = None) -> datetime:
        """So many minutes after `start`, while the store is open; in a hurry, whether it is or not."""
        if plot is not None and plot.hurry:
            return start + timedelta(minutes=minutes)
        return self.calendar.add(start, timedelta(minutes=minutes))

    def _time_of(self, story: Story, step: str, start: datetime, minutes: tuple[int, int]) -> datetime | None:
        """When somebody does the step: soon after `start` and in time, or as late as the plot says."""
        row = self._live(story.form).get(step)
        if row is None or step in story.plot.left:
            return None
        late = story.plot.late.get(step)
        if late is not None:
            begin = row.due_at if row.clock == "business" else self.open_after(row.due_at, 0, story.plot)
            return max(self.open_after(begin, late, story.plot), start + A_MOMENT)
        soon = self.open_after(start, self.rng.uniform(*minutes), story.plot)
        if soon > row.due_at:
            soon = row.due_at - timedelta(minutes=self.rng.randint(2, 12))
        return max(soon, start + A_MOMENT)

    def _plan(self, story: Story, step: str, start: datetime, minutes: tuple[int, int], act: Callable) -> None:
        when = self._time_of(story, step, start, minutes)
        if when is not None:
            self._at(when, story, act, step)

    def _at(self, when: datetime, story: Story, act: Callable, step: str = "") -> None:
        self.clock.at(when, lambda now: self._do(story, act, step, now))

    def _soon(self, start: datetime, minutes: float, story: Story, act: Callable, step: str = "") -> None:
        """Let the act happen so many minutes of the store's time after `start`."""
        self._at(self.open_after(start, minutes, story.plot), story, act, step)

    def _do(self, story: Story, act: Callable, step: str, now: datetime) -> None:
        """Act on the form as it is by then; what the facts have overtaken is left out."""
        form = Complaint.objects.select_related("store", "customer", "visit", "department").get(pk=story.form.pk)
        story.form = form
        if form.status not in OPEN:
            self._running[form.pk] = set()
            return
        if step:
            row = self._live(form).get(step)
            if row is None or row.met_at is not None:
                return
        try:
            act(story, now)
        except Refusal as refusal:
            self.refused.append(f"{form.number} {step or act.__name__} {now:%m-%d %H:%M}: {refusal}")
        self._watch(form)

    def _live(self, form: Complaint) -> dict[str, Deadline]:
        return {row.step: row for row in Deadline.objects.live().filter(complaint=form, silenced_at=None)}

    def _watch(self, form: Complaint) -> None:
        """Look when a deadline of the form warns, is over, escalates."""
        live = [row for row in self._live(form).values() if row.met_at is None]
        self._running[form.pk] = {row.pk for row in live}
        for row in live:
            if row.pk in self._watched:
                continue
            self._watched.add(row.pk)
            for moment in (row.warn_at, row.due_at, row.escalate_at):
                self.clock.at(moment + A_MOMENT, lambda now, row=row: self._look(row, now))

    def _look(self, row: Deadline, now: datetime) -> None:
        if row.pk not in self._running[row.complaint_id]:
            return
        self.sweep(now)
        story = self.stories.get(row.complaint_id)
        if story is not None and now > row.escalate_at and story.plot.instructed is not None:
            self._soon(now, story.plot.instructed * 60, story, self._instruct)

    # -- who

    def user(self, key: str) -> User:
        return self.stage.users[key]

    def manager(self, story: Story) -> str:
        """The part that manages the department the matter is about."""
        return {"sales": "sales", "accessories": "parts"}.get(story.plot.matter.department, "service")

    def _person(self, story: Story) -> Employee:
        """Who the matter is about: the adviser or technician of the visit, else the plot's part."""
        about, visit = story.plot.matter.about, story.form.visit
        found = None
        if visit is not None and about in (*cast.SERVICE_ADVISERS, *cast.SELLERS):
            found = visit.advisor
        elif visit is not None and about in cast.TECHNICIANS:
            found = visit.technician
        return found or self.stage.employees[about]

    def _assignee(self, story: Story) -> Employee | None:
        """A grumble goes to the person it is about, if that person signs in."""
        person = self._person(story)
        return person if story.form.level == Level.GRUMBLE and person.user_id else None

    def _worker(self, story: Story) -> User:
        return story.form.assignee.user if story.form.assignee_id else self.user(self.manager(story))

    def _agent(self, story: Story, now: datetime) -> User:
        return self.user(self.agent_on(now))

    # -- the steps

    def _transfer(self, story: Story, now: datetime) -> None:
        department = self.stage.departments[story.plot.matter.department]
        services.complete_step(
            story.form,
            Step.TRANSFER,
            by=self.user(story.agent),
            note=self.rng.choice(texts.TRANSFER_NOTES),
            now=now,
            department=department,
            assignee=self._assignee(story),
        )
        self._after_transfer(story, now)

    def _after_transfer(self, story: Story, now: datetime) -> None:
        self._soon(now, self.rng.randint(3, 12), story, self._acknowledge)
        for number in range(story.plot.tries):
            self._soon(now, 15 + 14 * number, story, self._miss, Step.FIRST_CONTACT)
        soon = (40, 70) if story.plot.tries else (16, 70)
        self._plan(story, Step.FIRST_CONTACT, now, soon, self._contact)

    def _acknowledge(self, story: Story, now: datetime) -> None:
        if story.form.status == Status.TRANSFERRED:
            services.acknowledge(story.form, by=self._worker(story), now=now)

    def _miss(self, story: Story, now: datetime) -> None:
        by = self.user(self.manager(story)) if story.form.level != Level.GRUMBLE else self._worker(story)
        services.log_try(
            story.form,
            Step.FIRST_CONTACT,
            by=by,
            channel=TryChannel.PHONE,
            note=self.rng.choice(texts.TRY_NOTES),
            now=now,
        )

    def _contact(self, story: Story, now: datetime) -> None:
        by = self._worker(story) if story.form.level == Level.GRUMBLE else self.user(self.manager(story))
        note = self.rng.choice(texts.CONTACT_NOTES)
        services.complete_step(story.form, Step.FIRST_CONTACT, by=by, note=note, now=now)
        self._plan(story, Step.REPLY, now, (40, 150), self._reply)
        self._soon(now, self.rng.randint(12, 40), story, self._name)
        self._plan(story, Step.RESOLUTION, now, (80, 300), self._resolve)

    def _reply(self, story: Story, now: datetime) -> None:
        note = self.rng.choice(texts.REPLY_NOTES)
        services.complete_step(story.form, Step.REPLY, by=self.user(self.manager(story)), note=note, now=now)

    def _name(self, story: Story, now: datetime) -> None:
        person = self._person(story)
        manager = self.user(self.manager(story))
        services.name_responsible(story.form, person, by=manager, now=now)
        if story.plot.blame:
            second = self.stage.employees[story.plot.blame]
            services.name_responsible(story.form, second, by=self.user("carem"), now=now)

    def _resolve(self, story: Story, now: datetime) -> None:
        matter = story.plot.matter
        services.complete_step(
            story.form,
            Step.RESOLUTION,
            by=self._worker(story),
            note="",
            now=now,
            remedy=matter.remedy,
            cause=matter.cause,
            measures=matter.measures if story.plot.measures_at_once else "",
        )
        if not story.plot.measures_at_once:
            self._plan(story, "measures", now, (50, 140), self._measures)
        self._plan(story, "measures_check", now, (150, 420), self._check_measures)
        if story.plot.neglect:
            self._soon(now, self.rng.randint(60, 200), story, self._find_fault)
        self._plan_signatures(story, now)
        if story.form.level == Level.MAJOR:
            self._plan(story, "major_follow_up", now, (150, 400), self._follow_up)
        self._plan_callback(story, now)

    def _plan_signatures(self, story: Story, now: datetime) -> None:
        if story.form.level != Level.GRUMBLE:
            self._soon(now, self.rng.randint(15, 60), story, self._sign_responsible)
            self._soon(now, self.rng.randint(70, 150), story, self._sign_manager)

    def _measures(self, story: Story, now: datetime) -> None:
        by = self._worker(story)
        services.complete_step(story.form, "measures", by=by, note="", now=now, measures=story.plot.matter.measures)
        self._plan_signatures(story, now)  # what changes after signing is signed again

    def _check_measures(self, story: Story, now: datetime) -> None:
        if self._live(story.form)["measures"].met_at is None:
            return
        note = "已到现场核对，措施在执行。"
        services.complete_step(story.form, "measures_check", by=self.user("carem"), note=note, now=now)

    def _find_fault(self, story: Story, now: datetime) -> None:
        if story.form.breaches.filter(deadline__step__in=(Step.FIRST_CONTACT, Step.RESOLUTION)).exists():
            person = self._person(story)
            services.find_fault(
                story.form, person, by=self.user("carem"), cause=self.rng.choice(texts.NEGLECT_CAUSES), now=now
            )

    def _sign_responsible(self, story: Story, now: datetime) -> None:
        for row in story.form.responsibilities.filter(withdrawn_at=None, employee__user__isnull=False):
            if not story.form.signatures.filter(user=row.employee.user, void_at=None).exists():
                services.sign(story.form, Signer.RESPONSIBLE, by=row.employee.user, now=now)

    def _sign_manager(self, story: Story, now: datetime) -> None:
        blamed = story.form.responsible_user_ids()
        manager = self.user(self.manager(story))
        by = manager if manager.pk not in blamed else self.user("gm")
        if not story.form.signatures.filter(signer=Signer.MANAGER, void_at=None).exists():
            services.sign(story.form, Signer.MANAGER, by=by, now=now)

    # -- major forms and the general manager

    def _plan_major(self, story: Story, now: datetime) -> None:
        if "confirm" not in story.plot.left:
            self._soon(now, self.rng.randint(15, 28), story, self._confirm)
        self._plan(story, "region_report", now, (100, 240), self._report)
        if story.plot.instructed is not None:
            self._soon(now, story.plot.instructed * 60, story, self._instruct)

    def _confirm(self, story: Story, now: datetime) -> None:
        if story.form.major_unconfirmed:
            services.confirm_major(story.form, by=self.user("carem"), note="情况属实，按重大投诉处理。", now=now)

    def _report(self, story: Story, now: datetime) -> None:
        services.report_to_region(
            story.form, recipient="厂家大区客户关怀", channel="电话、邮件", by=self.user("carem"), now=now
        )

    def _follow_up(self, story: Story, now: datetime) -> None:
        services.complete_step(
            story.form, "major_follow_up", by=self._agent(story, now), note="客户已收到补偿，情绪平稳。", now=now
        )

    def _instruct(self, story: Story, now: datetime) -> None:
        if story.form.instructions.filter(answered_at=None).exists():
            services.instruct(
                story.form,
                by=self.user("gm"),
                text=self.rng.choice(texts.INSTRUCTIONS),
                act_by=self.stage.store.local_date(now) + timedelta(days=1),
                now=now,
            )

    # -- the satisfaction callback and the end

    def _plan_callback(self, story: Story, now: datetime) -> None:
        """In time, or as late as the plot says; the call desk makes the call."""
        if story.plot.called is not None:
            when = story.form.received_at + timedelta(minutes=story.plot.called)
        else:
            when = self._time_of(story, Step.CALLBACK, now, (240, 520))
        if when is None:  # whoever calls before hears that now is a bad moment
            story.callback_at = self.clock.end + timedelta(minutes=self.rng.randint(15, 40))
            return
        row = self._live(story.form)[Step.CALLBACK]
        story.callback_at = when if when > row.due_at else None
        self._at(when, story, self._call_back, Step.CALLBACK)

    def _call_back(self, story: Story, now: datetime) -> None:
        """Call now, or as soon as the customer wants."""
        story.callback_at = None
        callback = Callback.objects.filter(store=self.stage.store, subject_key=f"complaint:{story.form.pk}").first()
        if callback is None or not callback.is_open:
            return
        if callback.not_before is not None and callback.not_before > now:
            self._soon(callback.not_before, self.rng.randint(1, 9), story, self._call_back, Step.CALLBACK)
            return
        self.desk.call(callback, self.agent_on(now), now, lambda at: self._call_again(story, callback, at))

    def _call_again(self, story: Story, callback: Callback, now: datetime) -> None:
        """Who was not reached is called once more in another half-day."""
        callback.refresh_from_db()
        if callback.is_open:
            again = max(now + timedelta(hours=4), callback.not_before or now)
            self._soon(again, self.rng.randint(20, 60), story, self._call_back, Step.CALLBACK)

    def wish_of(self, callback: Callback):
        """What the customer of a complaint's callback does: ("answer", 1-5), ("later", when) or ("silent", None)."""
        story = self.stories.get(int(callback.subject_key.partition(":")[2]))
        if story is None:
            return "answer", 5
        if story.callback_at is not None:
            return "later", story.callback_at
        return ("silent", None) if story.plot.overall is None else ("answer", story.plot.overall)

    def after_callback(self, form_pk: int, now: datetime) -> None:
        """The customer has spoken: approval, or the next round."""
        story = self.stories[form_pk]
        form = story.form = Complaint.objects.select_related("store", "visit").get(pk=form_pk)
        self._watch(form)
        if form.status == Status.CALLED_BACK and form.callback_satisfied:
            self._plan_approval(story, now)
        elif form.status == Status.CALLED_BACK:
            self._soon(now + timedelta(days=7), 30, story, self._close_unverified)
        elif form.status == Status.REISSUED:
            following = Complaint.objects.select_related("store", "visit").get(previous=form)
            plot = story.plot.then[0] if story.plot.then else Plot(story.plot.matter, following.level)
            self._follow(Story(following, plot, story.agent), now)

    def _plan_approval(self, story: Story, now: datetime) -> None:
        if story.form.level != Level.GRUMBLE:
            self._plan(story, "approval", now, (story.plot.approved_after * 60,) * 2, self._approve)

    def _approve(self, story: Story, now: datetime) -> None:
        by = self.user("gm")
        if by.pk in story.form.concerned_user_ids():
            by = self.user("owner")
        services.approve(story.form, by=by, note=self.rng.choice(texts.APPROVAL_NOTES), now=now)

    def approve_grumbles(self, now: datetime) -> None:
        """The daily batch."""
        forms = list(
            Complaint.objects.filter(
                store=self.stage.store, status=Status.CALLED_BACK, level=Level.GRUMBLE, callback_satisfied=True
            ).order_by("pk")
        )
        forms = [form for form in forms if "approval" not in self.stories[form.pk].plot.left]
        _closed, refused = services.approve_many(forms, by=self.user("gm"), now=now)
        self.refused += [f"{form.number} approval: {reason}" for form, reason in refused]

    def _close_unverified(self, story: Story, now: datetime) -> None:
        if story.form.callback_satisfied is None:
            services.close_unverified(
                story.form, by=self.user("gm"), note=self.rng.choice(texts.UNVERIFIED_REASONS), now=now
            )


# A form from a call is about the sale or the service that was asked about.
DEPARTMENT_OF = {"sale": "sales", "service": "after_sales"}
FROM_CALL = str(Source.FOLLOW_UP_CALL)
