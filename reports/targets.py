"""Targets, bands and the validity of a month (POLICY sections 2 and 4) on plain values.

Pure: no database and no clock.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from csi_portal.organization.defaults import TARGETS
from surveys.scoring import meets, published


@dataclass(frozen=True)
class Targets:
    """One version of the policy table "targets".

    Percentages are of contacted ÷ due and completed ÷ contacted. `names_for_employees`: whether employees see the
    names of others on a board ("full") or only their own ("masked").
    """

    board_target: Decimal
    quality_goal: Decimal
    bands: dict = field(hash=False)
    few: int = 5
    contact_percent: Decimal = Decimal(50)
    completion_percent: Decimal = Decimal(60)
    judged_workday: int = 5
    names_for_employees: str = "masked"

    @classmethod
    def read(cls, data: dict) -> "Targets":
        """The table of a policy version; what it does not name is as shipped."""
        table = {**TARGETS, **data}
        numbers = ("board_target", "quality_goal", "contact_percent", "completion_percent")
        return cls(
            bands={code: Decimal(str(bound)) for code, bound in table["bands"].items()},
            few=int(table["few"]),
            judged_workday=int(table["judged_workday"]),
            names_for_employees=table["names_for_employees"],
            **{name: Decimal(str(table[name])) for name in numbers},
        )

    def table(self) -> dict:
        """The table as a plain value, to be kept with what was judged by it; `read` takes it back."""
        return {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in vars(self).items()
            if name != "bands"
        } | {"bands": {code: str(bound) for code, bound in self.bands.items()}}

    def enough(self, n: int) -> bool:
        """Below this a sample is insufficient: never ranked, no money."""
        return n >= self.few

    def met(self, score) -> bool | None:
        """Whether the published figure reaches the target; None without a score."""
        return None if score is None else meets(score, self.board_target)

    def band_rank(self, score) -> int | None:
        """1 below every bound, one more for each bound the published figure reaches; None without a score."""
        if score is None:
            return None
        return 1 + sum(published(score) >= bound for bound in self.bands.values())


@dataclass(frozen=True)
class Rates:
    """Callbacks of a period: due; of these contacted by any channel (by phone alone); of these completed."""

    due: int = 0
    contacted: int = 0
    contacted_by_phone: int = 0
    completed: int = 0
    # left out of due because there was no number to call: shown beside it, so that leaving phones out does not pay
    no_number: int = 0

    def __add__(self, other: "Rates") -> "Rates":
        return Rates(
            self.due + other.due,
            self.contacted + other.contacted,
            self.contacted_by_phone + other.contacted_by_phone,
            self.completed + other.completed,
            self.no_number + other.no_number,
        )

    def contact_met(self, targets: Targets) -> bool | None:
        return reaches(self.contacted, self.due, targets.contact_percent)

    def completion_met(self, targets: Targets) -> bool | None:
        return reaches(self.completed, self.contacted, targets.completion_percent)

    def valid(self, targets: Targets) -> bool | None:
        """Whether the sample of the month reaches both bars; None where nothing was due."""
        if not self.due:
            return None
        return bool(self.contact_met(targets) and self.completion_met(targets))


def reaches(part: int, whole: int, percent: Decimal) -> bool | None:
    """Whether part ÷ whole is at least so many percent, reckoned exactly; None of nothing."""
    return None if not whole else Fraction(part, whole) >= Fraction(percent) / 100


def percent_text(part: int, whole: int) -> str | None:
    """A rate as `62.1%`, one decimal, half up; None of nothing."""
    if not whole:
        return None
    tenths = (2000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"
