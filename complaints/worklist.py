"""What waits for whom: the reads behind Today, the rail's number and the list's "mine" (POLICY section 3).

Everything is a condition on rows, so that counting costs one query whatever the store's size.
"""

from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q

from csi_portal.organization import permissions
from csi_portal.organization.enums import Role
from csi_portal.organization.models import Duty, RoleGrant

from .enums import (
    CARE_MANAGER_STEPS,
    CARE_STEPS,
    DEPARTMENT_STEPS,
    UNANSWERED,
    BesideStep,
    Degree,
    Level,
    Signer,
    Status,
    Step,
)
from .models import Complaint, Deadline, Instruction, Responsibility, Signature

_BEFORE_CONTACT = (Status.REGISTERED, Status.TRANSFERRED, Status.ACKNOWLEDGED)
_AFTER_RESOLUTION = (Status.RESOLVED, Status.CALLED_BACK)

# In which statuses a step is really somebody's next thing to do, not only open.
_TURN = (
    Q(step__in=(Step.TRANSFER, Step.GM_NOTICE, BesideStep.REGION_REPORT))
    | Q(step=Step.FIRST_CONTACT, complaint__status__in=_BEFORE_CONTACT, complaint__department__isnull=False)
    | Q(step__in=(Step.REPLY, Step.RESOLUTION), complaint__status=Status.CONTACTED)
    | Q(step=Step.CALLBACK, complaint__status=Status.RESOLVED)
    | Q(step__in=(BesideStep.MAJOR_FOLLOW_UP, BesideStep.MEASURES), complaint__status__in=_AFTER_RESOLUTION)
    | Q(step=BesideStep.APPROVAL, complaint__status=Status.CALLED_BACK)
)


class Worklist:
    """What waits for one person in one store."""

    def __init__(self, user, store, now: datetime):
        self.user = user
        self.store = store
        self.now = now
        self._rights = [right for right in permissions.rights(user) if right.store_id in (None, store.pk)]
        self.roles = {right.role for right in self._rights}
        self._me = self._acting_for()

    def _acting_for(self) -> set[int]:
        """Own login, and those whose stand-in this person is today."""
        absent = Duty.objects.filter(
            store=self.store,
            date=self.store.local_date(self.now),
            off=True,
            stand_in__user=self.user,
            employee__user__isnull=False,
        )
        return {self.user.pk, *absent.values_list("employee__user_id", flat=True)}

    # --- steps --------------------------------------------------------------------------------------------------------

    def deadlines(self):
        """Running deadlines whose step is this person's next thing to do, the most urgent first."""
        measures_open = Deadline.objects.running().filter(
            complaint=OuterRef("complaint"), step=BesideStep.MEASURES, met_at=None
        )
        turn = _TURN | (Q(step=BesideStep.MEASURES_CHECK) & ~Exists(measures_open))
        rows = Deadline.objects.alerting().filter(self._mine(), turn, store=self.store)
        return rows.select_related("complaint__customer", "complaint__vehicle", "complaint__department").order_by(
            "due_at", "pk"
        )

    def _mine(self) -> Q:
        mine = Q(step__in=CARE_STEPS, complaint__care_agent__in=self._me)
        mine |= Q(step=Step.RESOLUTION, complaint__assignee__user__in=self._me)
        mine |= Q(step=Step.FIRST_CONTACT, complaint__assignee__user__in=self._me, complaint__level=Level.GRUMBLE)
        if Role.CARE_MANAGER in self.roles:
            mine |= Q(step__in=CARE_STEPS, complaint__care_agent=None) | Q(step__in=CARE_MANAGER_STEPS)
        if managed := self._managed("complaint__department"):
            # what was handed to a person waits for that person, not for the manager
            assigned = Q(complaint__assignee__user__isnull=False)
            by_person = assigned & (
                Q(step=Step.RESOLUTION) | Q(step=Step.FIRST_CONTACT, complaint__level=Level.GRUMBLE)
            )
            mine |= Q(step__in=DEPARTMENT_STEPS) & managed & ~by_person
        if self.roles & {Role.GENERAL_MANAGER, Role.GROUP_APPROVER}:
            mine |= Q(step=BesideStep.APPROVAL) & self._decides()
        return mine

    def _decides(self) -> Q:
        """Approvals of this person: the general manager's, the owner's where every general manager is concerned."""
        not_own = ~self._concerned(self.user.pk)
        if Role.GENERAL_MANAGER in self.roles:
            return not_own
        managers = RoleGrant.objects.filter(
            RoleGrant.valid_at(self.now),
            Q(store=self.store) | Q(store=None),
            role=Role.GENERAL_MANAGER,
            user__is_active=True,
        )
        for user_id in set(managers.values_list("user_id", flat=True)):
            not_own &= self._concerned(user_id)
        return not_own

    def _concerned(self, user_id: int) -> Q:
        """Condition on deadlines: the user may not close the form (as Complaint.concerned_user_ids)."""
        of_form = {"complaint": OuterRef("complaint")}
        blamed = Responsibility.objects.filter(**of_form, withdrawn_at=None, employee__user=user_id)
        signed = Signature.objects.filter(**of_form, signer=Signer.MANAGER, void_at=None, user=user_id)
        concerned = Q(Exists(blamed)) | Q(Exists(signed))
        grants = RoleGrant.objects.filter(
            RoleGrant.valid_at(self.now),
            Q(store=self.store) | Q(store=None),
            role=Role.DEPARTMENT_MANAGER,
            user=user_id,
        )
        for department_id in grants.values_list("department_id", flat=True):
            concerned |= Q(complaint__department=department_id) if department_id else Q(pk__isnull=False)
        return concerned

    def _managed(self, column: str) -> Q | None:
        """Condition on the departments this person manages; None for who manages none."""
        departments = [right.department_id for right in self._rights if right.role == Role.DEPARTMENT_MANAGER]
        if not departments:
            return None
        if None in departments:
            return Q(**{f"{column}__isnull": False})
        return Q(**{f"{column}__in": departments})

    # --- what has no due time -----------------------------------------------------------------------------------------

    def questions(self):
        """Open questions to the general manager."""
        rows = Instruction.objects.filter(
            store=self.store, answered_at=None, complaint__in=Complaint.objects.open().filter(store=self.store)
        )
        if not self.roles & {Role.GENERAL_MANAGER}:
            return rows.none()
        return rows.select_related("complaint__customer", "complaint__vehicle").order_by("asked_at", "pk")

    def unsigned(self):
        """Forms that wait for this person's signature, as the one blamed or as the manager."""
        signed = Signature.objects.filter(complaint=OuterRef("pk"), void_at=None)
        blamed = Responsibility.objects.filter(
            complaint=OuterRef("pk"), withdrawn_at=None, degree=Degree.DIRECT, employee__user=self.user
        )
        mine = Exists(blamed) & ~Exists(signed.filter(signer=Signer.RESPONSIBLE, user=self.user))
        if managed := self._managed("department"):
            own = Responsibility.objects.filter(complaint=OuterRef("pk"), withdrawn_at=None, employee__user=self.user)
            mine |= managed & ~Exists(signed.filter(signer=Signer.MANAGER)) & ~Exists(own)
        # open() besides the two statuses, so that the index of open forms serves
        rows = Complaint.objects.open().filter(mine, store=self.store, status__in=_AFTER_RESOLUTION)
        rows = rows.exclude(level=Level.GRUMBLE)
        return rows.with_list_relations().order_by("received_at", "pk")

    def unconfirmed(self):
        """Major forms the care manager has not confirmed."""
        if Role.CARE_MANAGER not in self.roles:
            return Complaint.objects.none()
        rows = Complaint.objects.open().filter(store=self.store, level=Level.MAJOR, major_confirmed_at=None)
        return rows.with_list_relations().order_by("received_at", "pk")

    def unverified(self):
        """Forms that may be closed without the customer's word."""
        if Role.GENERAL_MANAGER not in self.roles:
            return Complaint.objects.none()
        asked = Deadline.objects.live().filter(
            complaint=OuterRef("pk"), step=Step.CALLBACK, met_at__lte=self.now - UNANSWERED
        )
        rows = Complaint.objects.open().filter(
            Exists(asked), store=self.store, status=Status.CALLED_BACK, callback_satisfied=None
        )
        return rows.with_list_relations().order_by("next_due_at", "pk")

    # --- together -----------------------------------------------------------------------------------------------------

    def complaint_ids(self):
        """Condition on forms: anything of this form waits for the person."""
        return (
            Q(pk__in=self.deadlines().order_by().values("complaint"))
            | Q(pk__in=self.questions().order_by().values("complaint"))
            | Q(pk__in=self.unsigned().order_by().values("pk"))
            | Q(pk__in=self.unconfirmed().order_by().values("pk"))
            | Q(pk__in=self.unverified().order_by().values("pk"))
        )

    def numbers(self) -> dict[str, int]:
        """How many steps wait and how many of them are overdue, from one query."""
        return (
            self.deadlines().order_by().aggregate(count=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=self.now)))
        )

    def waiting_for_others(self):
        """Forms this person passed on or solved, which now wait for somebody else."""
        mine = Q(care_agent__in=self._me, status__in=(Status.TRANSFERRED, Status.ACKNOWLEDGED, Status.CONTACTED))
        if managed := self._managed("department"):
            mine |= managed & Q(status__in=_AFTER_RESOLUTION)
        rows = Complaint.objects.open().filter(mine, store=self.store)
        return rows.with_list_relations().order_by("next_due_at", "pk")
