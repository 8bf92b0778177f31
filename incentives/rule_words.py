"""The rules in words, from the table in force: when, who, how much."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from csi_portal.organization.markup import yuan_text
from incentives.enums import Rule
from incentives.wording import rule_words


def in_words(table: Mapping[str, Any]) -> list[dict]:
    """The rules that propose, each {code, name, when, who, amount}; amount is None where the store has set none."""
    return [_rule(code, table) for code in (Rule.P1, Rule.P2, Rule.P3, Rule.P4)]


def wage_cap_words(table: Mapping[str, Any]) -> str:
    """What the wage cap leaves."""
    return _(
        "Penalties of a month take at most %(percent)s %% of the gross wage and never what is below the local minimum "
        "wage. What exceeds that is carried over to the next month and stands on the sheet."
    ) % {"percent": table["wage_cap"]["percent"]}


def treatment_words(treatment: str) -> str:
    return {"performance_pay": _("Performance pay"), "compensation": _("Compensation")}[treatment]


def _rule(code: str, table: Mapping[str, Any]) -> dict:
    when, who = _WORDS[code]()
    rule = table.get(code) or {}
    amount = _AMOUNTS[code](rule) if rule.get("amount") is not None else None
    return {"code": code, "name": rule_words(code), "when": when, "who": who, "amount": amount}


def _yuan(text: str) -> str:
    return yuan_text(Decimal(text))


def _p1_amount(rule) -> str:
    said = {"amount": _yuan(rule["amount"]), "late": _yuan(rule["late_amount"]), "hours": rule["late_minutes"] // 60}
    return _("%(amount)s; more than %(hours)s h late %(late)s") % said


def _p2_amount(rule) -> str:
    said = {"amount": _yuan(rule["amount"]), "more": _yuan(rule["instructed_amount"])}
    return _("%(amount)s each; %(more)s where the general manager gave an instruction because of it") % said


_AMOUNTS = {
    Rule.P1: _p1_amount,
    Rule.P2: _p2_amount,
    Rule.P3: lambda rule: _yuan(rule["amount"]),
    Rule.P4: lambda rule: _yuan(rule["amount"]),
}

_WORDS = {
    Rule.P1: lambda: (
        _("A complaint was not passed on to the department in time, or not handled by the process."),
        _("the care agent"),
    ),
    Rule.P2: lambda: (
        _(
            "A grumble or general complaint that was passed on was not contacted or resolved in time through people's "
            "fault, or went to the general manager because of it."
        ),
        _("the department manager and each person at fault"),
    ),
    Rule.P3: lambda: (
        _("For a major complaint the general manager was not told in time, or customer care did not follow up."),
        _("the care agent; takes the place of P1 on the same form"),
    ),
    Rule.P4: lambda: (
        _("The store's score of a valid month is below the target: SSI for sales, CSI for after-sales."),
        _("the department's account, no person"),
    ),
}
