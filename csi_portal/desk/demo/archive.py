"""Tracking forms by the hundred thousand: due times, breaches and numbers by the same arithmetic as the services'."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from complaints import deadlines
from complaints.deadlines import StepTimes
from complaints.enums import TRANSITIONS, Level, Signer, Status, Step
from complaints.models import Breach, Case, Category, Complaint, Deadline, Event, Holding, Resolution, Signature
from complaints.services import surveying
from complaints.services.breaches import Judge
from complaints.services.clocks import FormClock, deadline_row
from complaints.services.people import Roster
from complaints.services.signatures import digest_of
from csi_portal.organization.models import Counter as Numbers
from surveys.models import Visit

from . import loader, texts
from .stage import Stage

CHUNK = 1000
# Up to which step the open forms have come, and how many of 100.
STAGES = (("", 8), (Step.TRANSFER, 22), (Step.FIRST_CONTACT, 34), (Step.RESOLUTION, 22), (Step.CALLBACK, 14))
_STATUS = {
    "": Status.REGISTERED,
    Step.TRANSFER: Status.TRANSFERRED,
    Step.FIRST_CONTACT: Status.CONTACTED,
    Step.RESOLUTION: Status.RESOLVED,
    Step.CALLBACK: Status.CALLED_BACK,
    "approval": Status.CLOSED,
}
_WAY = (Step.TRANSFER, Step.FIRST_CONTACT, Step.RESOLUTION, Step.CALLBACK, "approval")
LATE_OF_100 = 7


@dataclass
class Draft:
    """A form on its way into the tables, with the rows that belong to it."""

    form: Complaint
    matter: texts.Matter
    live: dict[str, Deadline] = field(default_factory=dict)
    done: list[tuple[str, datetime]] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)


class Archive:
    """Writes the forms of a store many at a time."""

    def __init__(self, stage: Stage, calendar, rng: Random, *, now: datetime):
        self.stage, self.store, self.rng, self.now = stage, stage.store, rng, now
        self.clock = FormClock.current(self.store, now)
        self.opening = calendar
        self.policy, self.calendar = deadlines.on_clock(self.store.clock, self.clock.policy_version.data, calendar)
        self.roster = Roster(self.store)
        self.categories = {row.code: row for row in Category.objects.filter(scope_key="all", kind="category")}
        self.numbers: Counter = Counter()
        self.matters = [matter for matter in texts.MATTERS if matter.department != "accessories"]
        self.managers = {"after_sales": "service", "sales": "sales"}

    # -- what there is

    def file_closed(self, number: int, visits, until: datetime) -> None:
        """Closed forms of the years before the penalty rules were adopted, all of them in the archive."""
        latest = until - timedelta(days=40)
        for some in self._visits(visits, number):
            drafts = []
            for visit in some:
                received = min(self._moment(visit.closed_at + timedelta(days=self.rng.randint(1, 20))), latest)
                drafts.append(self._draft(visit, received, "approval"))
            self._write(sorted(drafts, key=lambda draft: draft.form.registered_at))

    def open_forms(self, number: int, visits) -> None:
        """Forms of the last days, as far as people have come with them."""
        stages, shares = zip(*STAGES, strict=True)
        for some in self._visits(visits.order_by("-pk"), number):
            drafts = []
            for visit in some:
                stage = self.rng.choices(stages, weights=shares)[0]
                hours = {"": 2, Step.TRANSFER: 6, Step.FIRST_CONTACT: 30, Step.RESOLUTION: 60, Step.CALLBACK: 80}[stage]
                received = self.now - timedelta(minutes=self.rng.randint(30, hours * 60))
                drafts.append(self._draft(visit, received, stage))
            self._write(sorted(drafts, key=lambda draft: draft.form.registered_at))

    def _visits(self, visits, number: int) -> Iterator[list[Visit]]:
        """So many visits, from the first again where there are not enough."""
        rows = visits.select_related("customer", "vehicle", "advisor__user", "technician")
        known = visits.count()
        taken = 0
        while taken < number:
            start = taken % known
            some = list(rows[start : start + min(CHUNK, number - taken)])
            taken += len(some)
            yield some

    def _moment(self, about: datetime) -> datetime:
        local = self.store.local(about)
        wall = time(self.rng.randint(8, 17), self.rng.randint(0, 59), self.rng.randint(0, 59))
        return datetime.combine(local.date(), wall, tzinfo=self.store.zone)

    # -- one form

    def _draft(self, visit: Visit, received: datetime, until: str) -> Draft:
        rng, matter = self.rng, self.rng.choice(self.matters)
        level = Level.GRUMBLE if rng.random() < 0.5 else Level.GENERAL
        source = rng.choices(("hotline", "in_person", "follow_up_call", "online"), weights=(40, 25, 30, 5))[0]
        status = _STATUS[until]
        department = self.stage.departments[matter.department] if until else None
        form = Complaint(
            store=self.store,
            level=level,
            registered_level=level,
            source=source,
            summary=matter.summary,
            demand=matter.demand,
            category=self.categories.get(matter.category),
            received_at=received.astimezone(UTC),
            registered_at=min(received + timedelta(minutes=rng.randint(1, 6)), self.now),
            registered_by=self.stage.users["care"],
            late_reason="先安抚客户、核实情况后登记。",
            status=status,
            customer=visit.customer,
            vehicle=visit.vehicle,
            visit=visit,
            department=department,
            care_agent=self.stage.users["care"],
            policy_version=self.clock.policy_version,
            calendar_version=self.clock.calendar_version,
            clock=self.clock.clock,
        )
        draft = Draft(form, matter)
        self._take_steps(draft, until)
        return draft

    def _take_steps(self, draft: Draft, until: str) -> None:
        """Reckon the due times and let people act, in order, up to the step the form has come to."""
        form = draft.form
        for step, times in deadlines.step_times(
            form.level, form.source, form.received_at, policy=self.policy, calendar=self.calendar
        ).items():
            draft.live[step] = deadline_row(form, times)
        at = form.registered_at
        draft.holdings.append(Holding(store=self.store, complaint=form, holder=form.care_agent, from_at=at))
        for step in _WAY[: _WAY.index(until) + 1] if until else ():
            at = self._act(draft, step, at)
        if form.status == Status.CLOSED:
            form.closed_at = at
            form.archived_at = datetime.combine(self.store.local_date(at), time(20), tzinfo=self.store.zone)
            self._end(draft, at)
        running = [row for row in draft.live.values() if row.met_at is None and row.silenced_at is None]
        first = min(running, key=lambda row: row.due_at, default=None)
        form.next_due_at, form.next_step = (first.due_at, first.step) if first is not None else (None, "")

    def _act(self, draft: Draft, step: str, at: datetime) -> datetime:
        """Meet a step soon after `at`, a few of them late; the open steps it stands for are met with it."""
        form, row = draft.form, draft.live[step]
        soon = self.opening.add(at, timedelta(minutes=self.rng.randint(4, 25 if step == Step.TRANSFER else 90)))
        if self.rng.random() * 100 < LATE_OF_100:
            soon = self.opening.add(max(row.due_at, at), timedelta(minutes=self.rng.randint(5, 200)))
        done = min(max(soon, at + timedelta(minutes=1)), self.now)
        manager = self.stage.users[self.managers[draft.matter.department]]
        by = form.care_agent if step in (Step.TRANSFER, Step.CALLBACK) else manager
        by = self.stage.users["gm"] if step == "approval" else by
        also = [Step.REPLY] if step == Step.RESOLUTION and Step.REPLY in draft.live else []
        for met in [step, *also]:
            draft.live[met].met_at, draft.live[met].recorded_at, draft.live[met].met_by = done, done, by
        draft.done.append((step, done))
        self._hand_over(draft, step, done, manager)
        if step == Step.RESOLUTION:
            self._beside(draft, done, manager)
        if step == Step.CALLBACK:
            form.callback_satisfied, form.callback_overall = True, self.rng.choice((4, 5))
            draft.live["approval"] = deadline_row(form, self._times("approval", done))
        return done

    def _beside(self, draft: Draft, done: datetime, manager) -> None:
        """The measures come with the resolution; they are checked later."""
        row = deadline_row(draft.form, self._times("measures", done))
        row.met_at, row.recorded_at, row.met_by = done, done, manager
        draft.live["measures"] = row
        draft.live["measures_check"] = deadline_row(draft.form, self._times("measures_check", row.due_at))

    def _times(self, step: str, start: datetime) -> StepTimes:
        return deadlines.beside_times(step, start, policy=self.policy, calendar=self.calendar)

    def _hand_over(self, draft: Draft, step: str, at: datetime, manager) -> None:
        holders = {
            Step.TRANSFER: (manager, draft.form.department),
            Step.RESOLUTION: (draft.form.care_agent, None),
            Step.CALLBACK: (self.stage.users["gm"], None),
        }
        if step in holders:
            holder, department = holders[step]
            draft.holdings[-1].to_at = at
            draft.holdings.append(
                Holding(store=self.store, complaint=draft.form, holder=holder, department=department, from_at=at)
            )

    def _end(self, draft: Draft, at: datetime) -> None:
        draft.holdings[-1].to_at = at
        for row in draft.live.values():
            if row.met_at is None:
                row.silenced_at = at

    # -- into the tables

    def _write(self, drafts: list[Draft]) -> None:
        self._check(drafts)
        self._number(drafts)
        cases = [Case(store=self.store, opened_at=draft.form.registered_at) for draft in drafts]
        loader.write(cases)
        for draft, case in zip(drafts, cases, strict=True):
            draft.form.case = case
        loader.write(draft.form for draft in drafts)
        loader.write(row for draft in drafts for row in draft.live.values())
        loader.write(row for draft in drafts for row in draft.holdings)
        loader.write(row for draft in drafts for row in self._events(draft))
        resolved = [draft for draft in drafts if Step.RESOLUTION in dict(draft.done)]
        loader.write(self._resolution(draft) for draft in resolved)
        loader.write(row for draft in resolved for row in self._signatures(draft))
        loader.write(row for draft in drafts for row in self._breaches(draft))
        for draft in drafts:
            if draft.form.status == Status.RESOLVED:
                surveying.plan_callback(
                    draft.form, draft.live[Step.CALLBACK].due_at, now=draft.live[Step.RESOLUTION].met_at
                )

    @staticmethod
    def _check(drafts: list[Draft]) -> None:
        """What the services refuse is refused here: steps out of order, times that have not come, unknown moves."""
        for draft in drafts:
            times = [draft.form.received_at, draft.form.registered_at, *(at for _step, at in draft.done)]
            if times != sorted(times) or [step for step, _at in draft.done] != list(_WAY[: len(draft.done)]):
                raise ValueError(f"steps out of order: {draft.done}")
            path = [Status.REGISTERED, *(_STATUS[step] for step, _at in draft.done)]
            for before, after in zip(path, path[1:], strict=False):
                if after not in TRANSITIONS[before]:
                    raise ValueError(f"no way from {before} to {after}")

    def _number(self, drafts: list[Draft]) -> None:
        """The next numbers of each day, without gaps, after those that are taken."""
        by_day: dict[date, list[Draft]] = defaultdict(list)
        for draft in drafts:
            by_day[self.store.local_date(draft.form.registered_at)].append(draft)
        for day, some in by_day.items():
            key = f"{day:%Y%m%d}"
            row, _made = Numbers.objects.get_or_create(store=self.store, kind="complaint", key=key)
            for draft in some:
                row.value += 1
                draft.form.number = f"{self.store.code}-{key}-{row.value:03}"
            row.save(update_fields=["value"])

    def _events(self, draft: Draft) -> Iterator[Event]:
        """The lines the services write: what is registered, and every step with what it was late by."""
        form = draft.form
        registered = {
            "level": form.level,
            "source": form.source,
            "round": 1,
            "received_at": form.received_at.isoformat(),
            "steps": [step for step in draft.live if step in deadlines.STEPS],
            "calendar_incomplete": False,
        }
        yield self._event(form, "registered", form.registered_at, form.registered_by, registered)
        for step, at in draft.done:
            row = draft.live[step]
            late = int((row.met_at - row.due_at).total_seconds())
            said = {"step": step, "also": [], "how": "", "late": {step: late} if late > 0 else {}}
            if step == Step.TRANSFER:
                said["department"] = form.department_id
            if step == Step.CALLBACK:
                said |= {"satisfied": True, "overall": form.callback_overall}
            yield self._event(form, "closed" if step == "approval" else "step_done", at, row.met_by, said)

    def _event(self, form: Complaint, kind: str, at: datetime, actor, detail: dict) -> Event:
        return Event(
            store=self.store,
            complaint=form,
            kind=kind,
            happened_at=at,
            recorded_at=at,
            actor=actor,
            actor_name=actor.display_name(),
            detail=detail,
        )

    def _resolution(self, draft: Draft) -> Resolution:
        matter, row = draft.matter, draft.live[Step.RESOLUTION]
        return Resolution(
            store=self.store,
            complaint=draft.form,
            remedy=matter.remedy,
            cause=matter.cause,
            measures=matter.measures,
            by=row.met_by,
            at=row.met_at,
        )

    def _signatures(self, draft: Draft) -> Iterator[Signature]:
        """The manager at the resolution, the general manager at the closing, over the content as it stands."""
        form = draft.form
        signers = [(Signer.MANAGER, draft.live[Step.RESOLUTION])]
        if form.status == Status.CLOSED:
            signers.append((Signer.GENERAL_MANAGER, draft.live["approval"]))
        digest = digest_of(form, self._resolution(draft), [])
        for signer, row in signers:
            yield Signature(
                store=self.store,
                complaint=form,
                signer=signer,
                user=row.met_by,
                name=row.met_by.display_name(),
                content_digest=digest,
                signed_at=row.met_at,
            )

    def _breaches(self, draft: Draft) -> list[Breach]:
        """Every step done late, as the services' judge sees it; what is still open the sweep finds."""
        late = [row for row in draft.live.values() if row.met_at is not None and row.met_at > row.due_at]
        if not late:
            return []
        form = draft.form
        form._prefetched_objects_cache = {"responsibilities": Complaint.objects.none()}  # nobody is named
        judge = Judge(form, draft.live, draft.holdings, self._clock_of(form), self.roster)
        return [judge.breach(row, now=row.met_at) for row in late]

    def _clock_of(self, form: Complaint) -> FormClock:
        clock = FormClock.of(form)
        clock.__dict__["opening"] = self.opening  # the same calendar, made once
        return clock
