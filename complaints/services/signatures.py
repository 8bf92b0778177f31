"""Signatures over the content of a form: whose are needed, what voids them (POLICY section 3)."""

import hashlib
import json

from django.db import transaction
from django.utils.translation import gettext as _

from csi_portal.organization import permissions
from csi_portal.organization.errors import IllegalMove, NotAllowed
from csi_portal.organization.models import Employee
from csi_portal.organization.permissions import SYSTEM

from ..enums import Degree, Level, Signer, Status
from ..models import Complaint, Signature
from .base import hand_back, lock, read_clock, require_open, save, write_down, write_event
from .people import Directory
from .telling import tell

# Signatures are given between the resolution and the closing.
_SIGNABLE = (Status.RESOLVED, Status.CALLED_BACK)


class Missing:
    """A signature that is still needed: as what, and by whom where that is known."""

    def __init__(self, signer: str, employee: Employee | None = None):
        self.signer = signer
        self.employee = employee

    def __str__(self):
        return self.employee.name if self.employee else str(Signer(self.signer).label)


def content_digest(form: Complaint) -> str:
    """What a signature covers: the customer's words, the agreement, and who is blamed."""
    last = form.resolutions.order_by("-at", "-pk").first()
    blamed = form.responsibilities.filter(withdrawn_at=None).order_by("employee_id")
    return digest_of(form, last, [[row.employee_id, row.degree] for row in blamed])


def digest_of(form: Complaint, resolution, blamed: list) -> str:
    """The same from rows at hand; `blamed` is [[employee id, degree], …] by id."""
    content = [
        form.number,
        form.level,
        form.received_at.isoformat(),
        form.summary,
        form.demand,
        form.category_id,
        [resolution.remedy, resolution.cause, resolution.measures] if resolution else None,
        blamed,
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def missing(form: Complaint) -> list[Missing]:
    """The signatures the approval still waits for; a grumble is signed by marking it done.

    Persons directly responsible sign on their own login (one without a login signs the printed form), the manager
    once; where the manager is blamed the general manager signs in the place of the manager.
    """
    if form.level == Level.GRUMBLE:
        return []
    live = list(form.signatures.filter(void_at=None))
    signed = {row.employee_id for row in live if row.signer == Signer.RESPONSIBLE}
    blamed = form.responsibilities.filter(withdrawn_at=None, degree=Degree.DIRECT, employee__user__isnull=False)
    found = [
        Missing(Signer.RESPONSIBLE, row.employee)
        for row in blamed.select_related("employee").order_by("pk")
        if row.employee_id not in signed
    ]
    if not any(row.signer == Signer.MANAGER for row in live):
        found.append(Missing(Signer.MANAGER))
    return found


def sign(complaint: Complaint, signer: str, *, by, now=None, version=None) -> Signature:
    """Sign the form on one's own login, as the responsible person or as the manager.

    IllegalMove: before the resolution, after the end, signed already. NotAllowed: not the person blamed; a blamed
    person as manager; the system never signs.
    """
    now = read_clock(now)
    with transaction.atomic():
        form = lock(complaint, version)
        require_open(form)
        if form.status not in _SIGNABLE:
            raise IllegalMove(_("There is nothing to sign before the resolution."))
        _require_signer(form, signer, by)
        row = put(form, signer, by=by, now=now)
        write_down(form, "signed", by=by, now=now, signer=signer)
        save(form, now=now)
    hand_back(complaint, form)
    return row


def _require_signer(form: Complaint, signer: str, by) -> None:
    if by is SYSTEM:
        raise NotAllowed(_("Only a person signs."))
    if signer not in (Signer.MANAGER, Signer.RESPONSIBLE):
        raise NotAllowed(_("The general manager signs by approving."))
    permissions.require(by, f"complaints.sign_as_{signer}", form)


def put(form: Complaint, signer: str, *, by, now) -> Signature:
    """Write a signature over the present content; IllegalMove when this person signed it already."""
    digest = content_digest(form)
    if form.signatures.filter(signer=signer, user=by, void_at=None).exists():
        raise IllegalMove(_("You have signed this form already."))
    return Signature.objects.create(
        store_id=form.store_id,
        complaint=form,
        signer=signer,
        employee=Employee.objects.filter(user=by, store=form.store).first(),
        user=by,
        name=by.display_name(),
        content_digest=digest,
        signed_at=now,
    )


def sign_by_doing(form: Complaint, *, by, now) -> None:
    """A grumble marked done carries the signature of who marked it."""
    if by is SYSTEM:
        return
    blamed = by.pk in form.responsible_user_ids()
    put(form, Signer.RESPONSIBLE if blamed else Signer.MANAGER, by=by, now=now)


def void_changed(form: Complaint, *, now) -> int:
    """Void the signatures that do not cover the present content and ask again; returns how many."""
    digest = content_digest(form)
    stale = list(form.signatures.filter(void_at=None).exclude(content_digest=digest).select_related("user"))
    if not stale:
        return 0
    Signature.objects.filter(pk__in=[row.pk for row in stale]).update(void_at=now)
    for row in stale:
        write_event(form, "signature_void", by=SYSTEM, now=now, signer=row.signer, name=row.name)
        tell(form, [row.user], "signature_void", now=now, key=str(row.pk))
    return len(stale)


def ask(form: Complaint, *, now, by=None, key: str = "") -> None:
    """Tell those whose signature the approval waits for."""
    directory = Directory(form.store, now)
    for needed in missing(form):
        users = [needed.employee.user] if needed.employee else directory.managers(form.department)
        tell(form, users, "sign", now=now, key=f"{needed.signer}:{key or form.version}", by=by, signer=needed.signer)
