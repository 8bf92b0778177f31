"""What the reward and penalty rules amount to (POLICY section 5): pure arithmetic on a plain rule table.

No database, no clock. Amounts are positive Decimal yuan with two decimals; the ledger gives them their sign.
In the table amounts are texts, so that JSON keeps them exact.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from surveys.scoring import Number, exact, published

Rules = Mapping[str, Any]

DEFAULT_RULES: Rules = {
    "P1": {"amount": "50.00", "late_amount": "100.00", "late_minutes": 120, "range": ["50.00", "100.00"]},
    "P2": {"amount": "100.00", "instructed_amount": "200.00", "range": ["100.00", "200.00"]},
    "P3": {"amount": "200.00"},
    "P4": {"amount": "500.00"},
    # The middle tier holds both its bounds.
    "P5": {"middle": ["5.00", "10.00"], "amounts": ["300.00", "500.00", "1000.00"]},
    "B6": {"middle": ["5.00", "10.00"], "amounts": ["600.00", "1000.00", "2000.00"]},
    # First and second time; null is unset by the store. From `review_from` on a review request, no money.
    "P7": {
        "amounts": {
            "sales": [None, None],
            "after_sales": ["50.00", None],
            "accessories": ["50.00", None],
        },
        "period": {"sales": "year", "after_sales": "year", "accessories": "month"},
        "review_from": 3,
    },
    "P8": {"leader_percent": 20},
    "A9": {"programmes": []},
    "wage_cap": {"percent": 20},
}

ZERO = Decimal("0.00")


# -- P1 to P4: forms and months


def p1_amount(late_by: timedelta, rules: Rules = DEFAULT_RULES) -> Decimal:
    """P1: 50, and 100 when the transfer was more than 2 h late."""
    rule = rules["P1"]
    much = late_by > timedelta(minutes=rule["late_minutes"])
    return _yuan(rule["late_amount"] if much else rule["amount"])


def p2_amount(instructed: bool, rules: Rules = DEFAULT_RULES) -> Decimal:
    """P2: 100, and 200 when the general manager recorded an instruction because of it."""
    rule = rules["P2"]
    return _yuan(rule["instructed_amount"] if instructed else rule["amount"])


def p3_amount(rules: Rules = DEFAULT_RULES) -> Decimal:
    """P3: 200 for a major complaint not followed up, or not told to the general manager, in time."""
    return _yuan(rules["P3"]["amount"])


def p4_amount(rules: Rules = DEFAULT_RULES) -> Decimal:
    """P4: 500 for a valid month below target."""
    return _yuan(rules["P4"]["amount"])


def chosen_amount(rule: str, amount: Decimal | int, rules: Rules = DEFAULT_RULES) -> Decimal:
    """Another amount a manager chose, inside the rule's range.

    ValueError: a rule without a range, an amount outside it, not finite or finer than a cent.
    """
    bounds = rules[rule].get("range")
    if bounds is None:
        raise ValueError(f"{rule} leaves nothing to choose")
    fen = _fen(amount)
    low, high = map(_yuan, bounds)
    if not _fen(low) <= fen <= _fen(high):
        raise ValueError(f"{rule} goes from {low} to {high}, not {amount}")
    return _from_fen(fen)


def absorbed(amounts: Mapping[str, Decimal | None]) -> dict[str, str]:
    """Which rules on one form and person give way to which: {absorbed rule: rule that stays}.

    amounts: rule -> its amount, None where the store has set none. P3 absorbs P1; of P2 and P7 the larger
    stays, P2 when they are equal.
    """
    gone = {}
    if "P1" in amounts and "P3" in amounts:
        gone["P1"] = "P3"
    if amounts.get("P2") is not None and amounts.get("P7") is not None:
        smaller, larger = ("P2", "P7") if amounts["P7"] > amounts["P2"] else ("P7", "P2")
        gone[smaller] = larger
    return gone


# -- P5 and B6: the quarter's assessments


def item_gap(national: Number, store: Number, item_maximum: Number) -> Decimal:
    """How far an item lies below the national average, in points of 100, two decimals half up.

    Negative where the store is ahead. ValueError: an item maximum that is not positive.
    """
    maximum = exact(item_maximum)
    if maximum <= 0:
        raise ValueError(f"an item needs a positive maximum, not {item_maximum}")
    return published(100 * (exact(national) - exact(store)) / maximum)


def quarter_penalty(gap: Number, rules: Rules = DEFAULT_RULES) -> Decimal:
    """P5 for gap = national - store in points of 100, rounded to two decimals half up; 0 if there is none."""
    return _tier(gap, rules["P5"])


def quarter_bonus(lead: Number, rules: Rules = DEFAULT_RULES) -> Decimal:
    """B6 for lead = store - national, as quarter_penalty."""
    return _tier(lead, rules["B6"])


# -- P7 and P8: accessories and the ladder


def p7_amount(department: str, count: int, rules: Rules = DEFAULT_RULES) -> Decimal | None:
    """P7 for the count-th time in the department's period; None where no money is set or due.

    ValueError: a count below 1.
    """
    if count < 1:
        raise ValueError(f"the first time is 1, not {count}")
    amounts = rules["P7"]["amounts"].get(department, ())
    if p7_review(count, rules) or count > len(amounts) or amounts[count - 1] is None:
        return None
    return _yuan(amounts[count - 1])


def p7_review(count: int, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether the count-th time asks the general manager and administration for a review instead of money."""
    return count >= rules["P7"]["review_from"]


def rework_shares(cost: Decimal | int, persons: int, rules: Rules = DEFAULT_RULES) -> tuple[Decimal, list[Decimal]]:
    """P8: the leader's share of the cost and each person's share; together exactly the cost.

    The persons bear 80 % in equal parts, each rounded down to the cent; the leader bears the rest.
    ValueError: a cost that is not positive, not finite, finer than a cent, or no Decimal or int; persons
    that are no whole number from 1 on.
    """
    if isinstance(persons, bool) or not isinstance(persons, int) or persons < 1:
        raise ValueError(f"rework needs at least one person, not {persons!r}")
    fen = _fen(cost)
    if fen <= 0:
        raise ValueError(f"rework costs something, not {cost}")
    share = fen * (100 - rules["P8"]["leader_percent"]) // (100 * persons)
    return _from_fen(fen - share * persons), [_from_fen(share)] * persons


# -- what the wage law leaves


def wage_cap(
    gross: Decimal | int | None, minimum_wage: Decimal | int | None, rules: Rules = DEFAULT_RULES
) -> Decimal | None:
    """The most that penalties may take from a month's gross wage; None where a figure is unknown.

    The least of 20 % of gross (rounded down to the cent) and gross - minimum wage, never below 0.
    ValueError: a wage that is negative, not finite or finer than a cent.
    """
    if gross is None or minimum_wage is None:
        return None
    wage, least = _fen(gross), _fen(minimum_wage)
    if wage < 0 or least < 0:
        raise ValueError("a wage is not negative")
    return _from_fen(max(min(wage * rules["wage_cap"]["percent"] // 100, wage - least), 0))


def carried_over(penalties: Decimal, cap: Decimal | None) -> Decimal:
    """What of a month's penalties (positive, bonuses not offset) exceeds the cap; 0 where it is unknown."""
    return ZERO if cap is None else max(penalties - cap, ZERO)


# -- inside


def _tier(distance: Number, rule: Mapping[str, Any]) -> Decimal:
    figure = published(distance)
    if figure <= 0:
        return ZERO
    below, between, above = rule["amounts"]
    low, high = map(Decimal, rule["middle"])
    return _yuan(below if figure < low else between if figure <= high else above)


def _yuan(text: str) -> Decimal:
    return _from_fen(_fen(Decimal(text)))


def _fen(amount: Decimal | int) -> int:
    # Binary fractions are seldom what was meant to the cent, so money never comes as a float.
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
        raise ValueError(f"money is Decimal or int, not {amount!r}")
    if isinstance(amount, Decimal) and not amount.is_finite():
        raise ValueError(f"not an amount: {amount}")
    fen = Fraction(amount) * 100
    if fen.denominator != 1:
        raise ValueError(f"finer than a cent: {amount}")
    return int(fen)


def _from_fen(fen: int) -> Decimal:
    return Decimal(f"{fen}E-2")
