"""Questions as the desk draws them, and the words to say. Reads only."""

import json
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from csi_portal.organization.models import Employee
from surveys import scripts
from surveys.answering import CHOICES, Given
from surveys.enums import Gender
from surveys.models import Customer


@dataclass
class Choice:
    key: str
    label: str
    hotkey: str
    low: bool = False
    checked: bool = False
    points: int | None = None


@dataclass
class Ask:
    """One question as the template draws it."""

    number: int
    key: str
    kind: str
    text: str
    help: str
    script: list[dict]
    section: str
    choices: list[Choice]
    allow_na: bool
    na_checked: bool
    mandatory: bool
    show_if: dict
    typed: str
    low_reasons: list[Choice]
    low_note: str
    judged_low: bool

    @property
    def is_choice(self) -> bool:
        return self.kind in CHOICES

    @property
    def show_if_json(self) -> str:
        return json.dumps(self.show_if)


def asks(questions, answers: dict[str, Given], words: dict[str, str]) -> list[Ask]:
    return [_ask(number, one, answers.get(one.key, Given()), words) for number, one in enumerate(questions, 1)]


def _ask(number: int, question, given: Given, words) -> Ask:
    options = list(question.options.all())
    return Ask(
        number=number,
        key=question.key,
        kind=question.kind,
        text=question.in_language("text"),
        help=question.in_language("help"),
        script=said(question.in_language("script"), words),
        section=question.section.in_language("title"),
        choices=[
            Choice(
                key=option.key,
                label="" if question.kind == "rating10" else option.in_language("label"),
                hotkey=_hotkey(question.kind, position, option.key),
                low=option.points is not None and option.points <= question.low_threshold,
                checked=option.key in given.options,
                points=option.points,
            )
            for position, option in enumerate(options, 1)
        ],
        allow_na=question.allow_na,
        na_checked=given.not_applicable,
        mandatory=question.mandatory,
        show_if=question.show_if,
        typed=_typed(given),
        low_reasons=reasons_of(question, given),
        low_note=given.low_note,
        judged_low=given.low and not _low_by_points(options, given, question.low_threshold),
    )


def _hotkey(kind: str, position: int, key: str) -> str:
    """The figure a button is pressed by: 0 means 10, a tenth of long lists has none."""
    figure = int(key) if kind in ("rating5", "rating10") else position
    return str(figure % 10) if figure <= 10 else ""


def _typed(given: Given) -> str:
    return format(given.number.normalize(), "f") if given.number is not None else given.text


def _low_by_points(options, given: Given, threshold: int) -> bool:
    points = [option.points for option in options if option.key in given.options and option.points is not None]
    return bool(points) and sum(points) / len(points) <= threshold


def reasons_of(question, given: Given) -> list[Choice]:
    chinese = (get_language() or "").startswith("zh")
    return [
        Choice(
            key=row["key"],
            label=(row["zh"] or row["en"]) if chinese else (row["en"] or row["zh"]),
            hotkey="",
            checked=row["key"] in given.low_reasons,
        )
        for row in question.low_reasons
    ]


def said(line: str, words: dict[str, str]) -> list[dict]:
    """A script line in pieces: plain words, values put in, and the names of what is missing."""
    missing = {
        "customer": _("customer?"),
        "car": _("car?"),
        "adviser": _("adviser?"),
        "technician": _("technician?"),
        "agent": _("agent?"),
        "store": _("store?"),
        "day": _("day?"),
        "work": _("work?"),
    }
    return [
        {"gap": missing[part.tag]} if part.is_gap else {"value" if part.tag else "words": part.text}
        for part in scripts.fill(line, words)
    ]


def script_words(callback, agent_name: str) -> dict[str, str]:
    """Values of the script's tags; what is not known is left empty and shows as a gap."""
    visit, customer = callback.visit, callback.customer
    vehicle = visit.vehicle if visit else None
    closed_on = callback.store.local_date(visit.closed_at) if visit else None
    return {
        "customer": address(customer),
        "car": (vehicle.model or vehicle.plate) if vehicle else "",
        "adviser": (visit.advisor.name if visit.advisor else visit.advisor_name) if visit else "",
        "technician": (visit.technician.name if visit.technician else visit.technician_name) if visit else "",
        "agent": agent_name,
        "store": callback.store.name,
        "day": date_format(closed_on, "MONTH_DAY_FORMAT") if closed_on else "",
        "work": visit.service_type if visit else "",
    }


def address(customer: Customer) -> str:
    """How to address the customer: in Chinese the name with 先生 or 女士 where the gender is known."""
    if customer.is_company or not (get_language() or "").startswith("zh"):
        return customer.name
    return customer.name + {Gender.MALE: "先生", Gender.FEMALE: "女士"}.get(customer.gender, "")


def agent_name(user, store) -> str:
    employee = Employee.objects.filter(user=user, store=store).first()
    return employee.name if employee else user.display_name()


def answer_words(question, row) -> str:
    """An answer as people read it; the question comes with its options."""
    if row.not_applicable:
        return _("Not applicable")
    if row.number is not None:
        return format(row.number.normalize(), "f")
    if row.text:
        return row.text
    comma = "、" if (get_language() or "").startswith("zh") else ", "
    return comma.join(option.in_language("label") for option in question.options.all() if option.key in row.options)


def low_answers(response) -> list[dict]:
    """The low answers of a response in words, in the order they were asked."""
    if response is None or not response.has_low_answer:
        return []
    rows = response.answers.filter(is_low=True).select_related("question").prefetch_related("question__options")
    return [
        {
            "question": row.question.in_language("text"),
            "answer": answer_words(row.question, row),
            "reasons": low_reasons(row.question, row),
            "note": row.low_note,
        }
        for row in rows.order_by("question__section__position", "question__position")
    ]


def low_reasons(question, row) -> list[str]:
    """The reasons picked for a low answer, in words."""
    return [one.label for one in reasons_of(question, Given(low_reasons=tuple(row.low_reasons))) if one.checked]
