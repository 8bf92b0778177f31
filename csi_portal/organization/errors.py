"""The three refusals every floor knows. Views turn them into a message, a 403 or a 409 page."""


class Refusal(Exception):
    """Base of the expected refusals; `str()` is a sentence for the person, in the active language."""


class IllegalMove(Refusal):
    """The step is not possible in the present state (already done, out of order, something missing)."""


class NotAllowed(Refusal):
    """This person may not do this to this object."""


class Conflict(Refusal):
    """Somebody else was faster; nothing was changed."""
