"""Who has the form: one open segment at a time, so that blame is fair and the page can say how long."""

from ..models import Complaint, Holding


def hold(form: Complaint, *, now, user=None, department=None) -> None:
    """End the present segment and begin the next; the same holder keeps the segment."""
    present = Holding.objects.filter(complaint=form, to_at=None).first()
    if present is not None:
        if (present.holder_id, present.department_id) == (user and user.pk, department and department.pk):
            return
        release(form, now=now)
    Holding.objects.create(
        store_id=form.store_id, complaint=form, holder=user, department=department, from_at=now, to_at=None
    )


def release(form: Complaint, *, now) -> None:
    """Nobody has the form any more."""
    Holding.objects.filter(complaint=form, to_at=None).update(to_at=now)
