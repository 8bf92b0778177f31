"""A machine plays store life at random and checks after each step what must always hold.

Bounded in the fast tier; `-m long` plays more and longer.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from complaints.models import Breach, Complaint
from csi_portal.organization.errors import Refusal
from csi_portal.organization.models import PolicyVersion
from incentives import check, services
from incentives.models import EntryKind, LedgerEntry, Month, MonthStatus, Objection, Proposal, ProposalStatus
from incentives.reconcile import Outcome, reconcile_month
from incentives.rules import DEFAULT_RULES
from incentives.sheet import figures
from incentives.tests.making import DAY, HOUR, MINUTE, NOW, Shop
from reports.periods import Period

MONTHS = [Period.parse(code).start for code in ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02")]


class BooksMachine(RuleBasedStateMachine):
    """Facts come, change and go; people propose, decide, object and lock; time goes on."""

    @initialize()
    def open_shop(self):
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.shop = Shop()
        self.now = NOW
        self.frozen = {}
        self.revision = 0
        # a life begins with something to decide
        for _form in range(3):
            self.a_transfer_is_late(121, "general")
        self.a_major_form_is_not_told()
        self.a_form_is_neglected(True)
        self.reconcile()

    def teardown(self):
        if hasattr(self, "outer"):
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def attempt(self, act):
        """A refusal is a fine answer, but it must leave nothing behind."""
        try:
            with transaction.atomic():
                return act()
        except Refusal:
            return None

    def pick(self, rows, number):
        rows = list(rows.order_by("pk"))
        return rows[number % len(rows)] if rows else None

    # -- facts

    @rule(hours=st.sampled_from([1, 30, 100, 100, 400]))
    def time_goes_on(self, hours):
        self.now += timedelta(hours=hours)

    @rule(late=st.sampled_from([5, 35, 121, 600]), level=st.sampled_from(["general", "major"]))
    def a_transfer_is_late(self, late, level):
        self.shop.late_transfer(late=late * MINUTE, level=level, received_at=self.now)
        self.now += DAY

    @rule()
    def a_major_form_is_not_told(self):
        form = self.shop.late_transfer(level="major", received_at=self.now)
        self.shop.late(form, "gm_notice", 30, 2 * HOUR)
        self.now += DAY

    @rule(ticked=st.booleans())
    def a_form_is_neglected(self, ticked):
        self.shop.neglected(received_at=self.now, ticked=[self.shop.technician] if ticked else [])
        self.now += DAY

    @rule(number=st.integers(0, 99))
    def the_general_manager_instructs(self, number):
        form = self.pick(Complaint.objects, number)
        if form is not None:
            self.shop.instruct(form, at=self.now)

    @rule(number=st.integers(0, 99))
    def a_breach_is_excused_or_not_any_more(self, number):
        breach = self.pick(Breach.objects, number)
        if breach is not None:
            Breach.objects.filter(pk=breach.pk).update(excused_at=None if breach.excused_at else self.now)

    @rule(number=st.integers(0, 99))
    def blame_is_void(self, number):
        form = self.pick(Complaint.objects, number)
        if form is not None:
            Complaint.objects.filter(pk=form.pk).update(blame_void=True)

    @rule(score=st.sampled_from(["94.00", "95.00", "80.00"]), kind=st.sampled_from(["ssi", "csi"]))
    def a_board_is_published(self, score, kind):
        self.revision += 1
        self.shop.board(kind, MONTHS[1], score=score, revision=self.revision, published_at=self.now)

    @rule(amount=st.sampled_from(["50.00", "70.00", None]))
    def the_rules_change(self, amount):
        version = PolicyVersion.objects.filter(store=self.shop.store).count() + 1
        data = {**DEFAULT_RULES, "P1": {**DEFAULT_RULES["P1"], "amount": amount}}
        PolicyVersion.objects.create(
            store=self.shop.store, kind="incentives", version=version, effective_from=self.now, data=data
        )

    # -- people

    @rule(times=st.integers(1, 2))
    def the_facts_are_reconciled(self, times):
        for _run in range(times):
            self.reconcile()
        assert self.reconcile() == Outcome()  # nothing is left to do

    def reconcile(self) -> Outcome:
        outcome = Outcome()
        for month in MONTHS:
            outcome += reconcile_month(self.shop.store, month, now=self.now)
        outcome.unknown = 0
        return outcome

    @rule()
    def everything_is_proposed_and_approved(self):
        self.reconcile()
        self.everything_is_approved()

    @rule(number=st.integers(0, 99), by=st.sampled_from(["gm", "gm", "group", "care", "agent"]))
    def a_line_is_approved(self, number, by):
        row = self.pick(Proposal.objects.waiting(), number)
        if row is not None:
            self.attempt(lambda: services.approve(row, by=self.shop.users[by], now=self.now, version=row.version))

    @rule()
    def everything_is_approved(self):
        shown = list(Proposal.objects.waiting().not_own(self.shop.gm).values_list("pk", "version"))
        self.attempt(lambda: services.approve_many(self.shop.store, shown, by=self.shop.gm, now=self.now))

    @rule(number=st.integers(0, 99))
    def a_line_is_rejected(self, number):
        row = self.pick(Proposal.objects.waiting(), number)
        if row is not None:
            self.attempt(lambda: services.reject(row, by=self.shop.gm, now=self.now, note="x"))

    @rule(number=st.integers(0, 99), amount=st.sampled_from(["50", "100", "150", "7"]))
    def an_amount_is_chosen(self, number, amount):
        row = self.pick(Proposal.objects.waiting(), number)
        if row is not None:
            self.attempt(
                lambda: services.choose_amount(row, Decimal(amount), by=self.shop.care, now=self.now, reason="x")
            )

    @rule(number=st.integers(0, 99), which=st.sampled_from(["P1", "P2", "A9"]))
    def a_line_is_put_in_by_hand(self, number, which):
        form = self.pick(Complaint.objects, number)
        amount = Decimal("300.00") if which == "A9" else None
        self.attempt(
            lambda: services.propose_by_hand(
                self.shop.store,
                which,
                employee=self.shop.technician,
                complaint=form,
                amount=amount,
                reason="x",
                by=self.shop.care,
                now=self.now,
            )
        )

    @rule(number=st.integers(0, 99))
    def a_mistake_is_to_be_taken_back(self, number):
        entry = self.pick(LedgerEntry.objects, number)
        if entry is not None:
            self.attempt(lambda: services.propose_reversal(entry, by=self.shop.care, now=self.now, reason="x"))

    @rule(number=st.integers(0, 99))
    def a_person_objects(self, number):
        entry = self.pick(LedgerEntry.objects.filter(employee__isnull=False), number)
        if entry is not None:
            self.attempt(lambda: services.file_objection(entry, by=entry.employee.user, reason="x", now=self.now))

    @rule(number=st.integers(0, 99))
    def a_person_confirms(self, number):
        entry = self.pick(LedgerEntry.objects.filter(notice__isnull=False), number)
        if entry is not None:
            services.confirm_notice(entry.notice, by=entry.employee.user, now=self.now)

    @rule(number=st.integers(0, 99), upheld=st.booleans())
    def an_objection_is_ruled_on(self, number, upheld):
        objection = self.pick(Objection.objects.filter(upheld=None), number) or self.pick(Objection.objects, number)
        if objection is not None:
            self.attempt(
                lambda: services.rule_objection(objection, upheld=upheld, by=self.shop.gm, ruling="x", now=self.now)
            )

    @rule(gross=st.sampled_from(["500.00", "410.00", "3000.00"]), number=st.integers(0, 9))
    def a_wage_is_entered(self, gross, number):
        row = self.pick(Month.objects, number)
        month = row.month if row is not None else MONTHS[1]
        self.attempt(
            lambda: services.enter_wage(
                self.shop.store,
                month,
                self.shop.agent,
                gross=Decimal(gross),
                local_minimum=Decimal("400.00"),
                by=self.shop.clerk,
                now=self.now,
            )
        )

    @rule(number=st.integers(0, 9), by=st.sampled_from(["gm", "gm", "clerk", "clerk2"]))
    def a_month_is_locked(self, number, by):
        row = self.pick(Month.objects.exclude(status=MonthStatus.LOCKED), number) or self.pick(Month.objects, number)
        month = row.month if row is not None else MONTHS[1]

        def lock():
            services.ask_lock(self.shop.store, month, by=self.shop.clerk, now=self.now)
            services.confirm_lock(self.shop.store, month, by=self.shop.users[by], now=self.now)

        self.attempt(lock)
        row = Month.objects.filter(month=month, status=MonthStatus.LOCKED).values().first()
        if row is not None:
            self.frozen.setdefault(month, row)

    # -- what always holds

    @invariant()
    def the_books_are_sound(self):
        if hasattr(self, "shop"):
            assert check.check_store(self.shop.store) == []

    @invariant()
    def locked_months_never_change(self):
        for month, row in getattr(self, "frozen", {}).items():
            assert Month.objects.filter(month=month).values().get() == row

    @invariant()
    def what_was_paid_and_what_waits_is_the_ledger(self):
        """To the cent: every line is paid in one locked month, or waits in an open one."""
        if not hasattr(self, "shop"):
            return
        total = LedgerEntry.objects.aggregate(total=Sum("amount"))["total"] or 0
        months = set(LedgerEntry.objects.values_list("month", flat=True)) | set(
            Month.objects.values_list("month", flat=True)
        )
        found = [figures(self.shop.store, month, now=self.now) for month in months]
        still_held = sum(month.held for month in found if not month.locked)
        assert sum(month.paid for month in found) + still_held == total
        for month in found:
            assert month.paid == month.ledger - month.held + month.brought_in
            assert month.with_wages == month.paid - month.accounts - month.carried_in + month.carried_over
            if month.locked:
                row = Month.objects.get(month=month.month)
                assert (month.ledger, month.held, month.brought_in, month.paid) == (
                    row.ledger_total,
                    row.held_total,
                    row.brought_in_total,
                    row.paid_total,
                )

    @invariant()
    def nobody_decided_the_own_line(self):
        for row in Proposal.objects.filter(decided_by__isnull=False).select_related("employee", "team"):
            assert row.decided_by_id not in row.concerned_user_ids()

    @invariant()
    def an_account_never_holds_two_of_one_kind(self):
        standing = LedgerEntry.objects.filter(reversed_by=None).exclude(kind=EntryKind.REVERSAL)
        keys = list(standing.values_list("rule", "evidence_key", "beneficiary_key"))
        assert len(keys) == len(set(keys))

    @invariant()
    def only_people_reject(self):
        assert not Proposal.objects.filter(status=ProposalStatus.REJECTED, decided_by=None).exists()


def play(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        BooksMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=examples < 50,
            database=None,
        ),
    )


@pytest.mark.django_db
def test_whatever_happens_the_books_are_sound():
    play(examples=6, steps=20)


@pytest.mark.long
@pytest.mark.django_db
def test_whatever_happens_for_long_the_books_are_sound():
    play(examples=200, steps=50)
