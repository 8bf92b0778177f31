"""The box at the foot of a form: exactly the next step of this person, the rest in a menu."""

from dataclasses import dataclass, field

from ..actions import ACTIONS, OF_STEP, OTHERS, STEPS, Action, Facts
from ..enums import BesideStep, Signer, Step
from ..forms.base import ActionForm
from ..services.people import Directory, who_must_act

_IN_ORDER = (
    Step.TRANSFER,
    Step.FIRST_CONTACT,
    Step.REPLY,
    Step.RESOLUTION,
    Step.CALLBACK,
    BesideStep.APPROVAL,
    Step.GM_NOTICE,
    BesideStep.MAJOR_FOLLOW_UP,
    BesideStep.MEASURES,
    BesideStep.MEASURES_CHECK,
    BesideStep.REGION_REPORT,
)


@dataclass
class Box:
    """What the page offers: the action in the box with its form, and the other verbs."""

    action: Action | None
    form: ActionForm | None
    others: list[Action] = field(default_factory=list)
    is_next: bool = True  # False where the person chose another verb from the menu


def box_of(facts: Facts, user, now, directory: Directory, chosen: str = "", bound: ActionForm | None = None) -> Box:
    """Choose what stands in the box: what was asked for, else the person's own next step."""
    allowed = [one for one in [*STEPS, *OTHERS] if one.possible(facts) and one.allowed(user, facts.form)]
    if not _unsigned_by(facts, user):
        allowed = [one for one in allowed if one.name != "sign-as-responsible"]
    mine = next_action(facts, user, directory, allowed)
    action = ACTIONS.get(chosen) if chosen else mine
    if action is not None and action not in allowed and bound is None:
        action = mine
    form = bound
    if form is None and action is not None:
        form = action.form(complaint=facts.form, user=user, now=now)
    return Box(action, form, [one for one in allowed if one is not action], action is mine)


def next_action(facts: Facts, user, directory: Directory, allowed: list[Action]) -> Action | None:
    """The verb that waits for this very person; what others must do is never their next step."""
    if facts.question is not None and ACTIONS["instruct"] in allowed:
        return ACTIONS["instruct"]
    if ACTIONS["confirm-major"] in allowed:
        return ACTIONS["confirm-major"]
    for step in _IN_ORDER:
        action = OF_STEP[step]
        if action in allowed and any(user.pk == one.pk for one in who_must_act(facts.form, step, directory)):
            # who has just solved the case signs first; the measures have a day
            return (step == BesideStep.MEASURES and _signature(facts, allowed)) or action
    return _signature(facts, allowed) or _ready_to_close(allowed)


def _signature(facts: Facts, allowed: list[Action]) -> Action | None:
    for signer in (Signer.RESPONSIBLE, Signer.MANAGER):
        action = ACTIONS[f"sign-as-{signer}"]
        if action in allowed and any(row.signer == signer for row in facts.missing):
            return action
    return None


def _unsigned_by(facts: Facts, user) -> bool:
    return any(row.employee is not None and row.employee.user_id == user.pk for row in facts.missing)


def _ready_to_close(allowed: list[Action]) -> Action | None:
    action = ACTIONS["close-unverified"]
    return action if action in allowed else None
