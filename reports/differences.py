"""What changed between a published board and the facts of now (POLICY section 4: a correction is visible). Pure."""

from dataclasses import dataclass

# The figures people read. Names, ranks and the change to the period before follow from others or stay as they were.
COMPARED = (
    "score",
    "n",
    "due",
    "contacted",
    "contacted_by_phone",
    "completed",
    "complaints",
    "steps_due",
    "steps_on_time",
    "steps_excused",
)
# Calls go on after a board is published, for the callbacks that fell due in its period: progress, not a correction.
PROGRESS = frozenset({"contacted", "contacted_by_phone", "completed"})
NEW_LINE = "new_line"
GONE_LINE = "gone_line"
TARGET = "target"


@dataclass(frozen=True)
class Difference:
    """One figure of one line that is not what it was; `field` is of COMPARED, or NEW_LINE, GONE_LINE, TARGET."""

    subject_key: str
    name: str
    field: str
    before: object = None
    after: object = None


def differences(before, after) -> list[Difference]:
    """Compare two lists of lines, in the order of the later one; lines that are gone come last."""
    old = {line.subject_key: line for line in before}
    found = []
    for line in after:
        earlier = old.pop(line.subject_key, None)
        if earlier is None:
            found.append(Difference(line.subject_key, line.name, NEW_LINE, after=line.score))
        else:
            found += _of_line(earlier, line)
    return found + [Difference(line.subject_key, line.name, GONE_LINE, before=line.score) for line in old.values()]


def corrects(found) -> bool:
    """Whether the differences ask for a correction, or only calls went on."""
    return any(one.field not in PROGRESS for one in found)


def _of_line(earlier, line) -> list[Difference]:
    pairs = ((field, getattr(earlier, field), getattr(line, field)) for field in COMPARED)
    return [Difference(line.subject_key, line.name, field, was, now) for field, was, now in pairs if was != now]
