"""Scores (POLICY section 2): exact fractions of 0-100 points, rounded once, when published.

Pure arithmetic: no database, no clock. Numbers are int, Fraction, Decimal or float; a float counts as the
decimal number it prints as (0.1 is one tenth), because weights that come out of JSON were typed as decimals.
TypeError: bool, text and the like. ValueError: not a finite number.
"""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from statistics import mean, stdev

Number = int | Fraction | Decimal | float

LOW_ANSWER_THRESHOLD = 60
TO_IMPROVE_UP_TO = 80
TARGET = 95
# Lower bound of each band, whatever the target; what reaches none of them is BELOW.
DEFAULT_BANDS: Mapping[str, Number] = {"excellent": 90, "fair": 80}
BELOW = "below"

SCALES: Mapping[str, Mapping[object, int]] = {
    "rating5": {value: 20 * value for value in range(1, 6)},
    "rating10": {value: 10 * value for value in range(1, 11)},
    "yes_no": {"yes": 100, "no": 0},
}

# Student's t, 95 % two-sided, for 1 to 9 degrees of freedom; above it is reckoned from the normal quantile.
_T95 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)
_Z95 = 1.959964


def exact(value: Number) -> Fraction:
    """The number as a fraction, see the module's text; TypeError and ValueError as there."""
    if isinstance(value, bool) or not isinstance(value, int | Fraction | Decimal | float):
        raise TypeError(f"not a number: {value!r}")
    if isinstance(value, Decimal | float) and not math.isfinite(value):
        raise ValueError(f"not a finite number: {value!r}")
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


# -- scores


def response_score(pairs: Iterable[tuple[Number, Number | None]]) -> Fraction | None:
    """Sum of weight x points over the sum of weights, for (weight, points) pairs; points None are left out.

    The same over all answers to a factor's questions is the factor's score. None when the scored weights
    sum to 0. ValueError: a negative weight, also beside points None.
    """
    weights = total = Fraction(0)
    for weight, points in pairs:
        weight = exact(weight)
        if weight < 0:
            raise ValueError(f"negative weight {weight}")
        if points is not None:
            weights += weight
            total += weight * exact(points)
    return total / weights if weights else None


def group_score(scores: Iterable[Number | None]) -> Fraction | None:
    """The exact mean of response scores; responses without a score (None) do not count, None for none."""
    known = [exact(score) for score in scores if score is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def published(score: Number) -> Decimal:
    """The figure that counts: exactly two decimals, half up (halves away from zero), so 94.995 is 95.00."""
    hundredths = exact(score) * 100
    size = math.floor(abs(hundredths) + Fraction(1, 2))
    return Decimal(f"{size if hundredths > 0 else -size}E-2")


def ci95(scores: Iterable[Number | None]) -> tuple[Decimal, Decimal] | None:
    """The 95 % interval (low, high) of the mean by Student's t, published, within 0-100; None below n = 2."""
    known = [float(exact(score)) for score in scores if score is not None]
    if len(known) < 2:
        return None
    middle, half = mean(known), half_width95(known)
    return published(max(middle - half, 0.0)), published(min(middle + half, 100.0))


def margin95(scores: Iterable[Number | None]) -> Decimal | None:
    """Half the width of that interval before it is cut to 0-100, published: the ± of a figure; None below n = 2."""
    known = [float(exact(score)) for score in scores if score is not None]
    return published(half_width95(known)) if len(known) > 1 else None


def half_width95(known: list[float]) -> float:
    """Half the width of that interval, not rounded; two scores at least."""
    return _t95(len(known) - 1) * stdev(known) / math.sqrt(len(known))


def _t95(freedom: int) -> float:
    if freedom <= len(_T95):
        return _T95[freedom - 1]
    # Expansion of t around the normal quantile; right to three decimals from 10 degrees of freedom on.
    z, n = _Z95, freedom
    first = (z**3 + z) / (4 * n)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    return z + first + second + third


# -- judging a published figure


def meets(score: Number, target: Number = TARGET) -> bool:
    """Whether the published figure reaches the target."""
    return published(score) >= exact(target)


def band(score: Number, bands: Mapping[str, Number] = DEFAULT_BANDS) -> str:
    """The band with the highest lower bound the published figure reaches, else BELOW."""
    figure = published(score)
    reached = [code for code in bands if figure >= exact(bands[code])]
    return max(reached, key=lambda code: exact(bands[code]), default=BELOW)


# -- single answers


def option_points(kind: str, value: int | str) -> int:
    """Points of an answer: "rating5" 1-5 (5 is best), "rating10" 1-10, "yes_no" "yes" or "no".

    ValueError: another kind, or a value that is not on its scale.
    """
    scale = SCALES.get(kind)
    if scale is None or isinstance(value, bool | float) or value not in scale:
        raise ValueError(f"no points for {value!r} on {kind!r}")
    return scale[value]


def low_answer(points: Number | None, threshold: Number = LOW_ANSWER_THRESHOLD) -> bool:
    """Whether an answer leads to a complaint form, or a reason why not; not applicable (None) never does."""
    return points is not None and exact(points) <= exact(threshold)


def to_improve(points: Number | None, threshold: Number = LOW_ANSWER_THRESHOLD) -> bool:
    """Whether an answer goes to the list "to improve" without a form: above low, up to 80."""
    return points is not None and exact(threshold) < exact(points) <= TO_IMPROVE_UP_TO
