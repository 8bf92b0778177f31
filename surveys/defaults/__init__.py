"""What the surveys floor ships: calling rules, outcomes, questionnaires, the plan every store starts with.

The texts are data beside this file. Loading is idempotent: what is there stays as a store has changed it.
"""

from pathlib import Path

from django.db import transaction

from csi_portal.organization.defaults import BEGINNING, ship_policy, shipped
from csi_portal.organization.enums import PolicyKind
from surveys import scoring
from surveys.calling import DEFAULT_RULES
from surveys.enums import PlanStatus, QuestionKind, QuestionnaireStatus, VisitKind

FOLDER = Path(__file__).parent
QUESTIONNAIRES = ("service", "sales", "new_car", "complaint", "product")

SATISFACTION = {
    "rating5": [
        ("1", "很不满意", "Very dissatisfied"),
        ("2", "不满意", "Dissatisfied"),
        ("3", "一般", "Neutral"),
        ("4", "满意", "Satisfied"),
        ("5", "很满意", "Very satisfied"),
    ],
    "rating10": [(str(value), str(value), str(value)) for value in range(1, 11)],
    "yes_no": [("yes", "是", "Yes"), ("no", "否", "No")],
}

# Orders that are nobody's visit: as the DMS words them in either language, and the code for a zero amount.
EXCLUDED_ORDER_TYPES = {
    VisitKind.SALE: ["internal", "内部", "内部用车"],
    VisitKind.SERVICE: [
        "internal", "内部", "内部维修", "内部用车", "pdi", "pre_delivery", "pre-delivery", "售前检查", "交车前检查",
        "warranty_only", "warranty only", "索赔", "仅索赔", "纯索赔", "zero_amount",
    ],
}  # fmt: skip


def load() -> None:
    """Bring everything; called after every migrate."""
    from surveys.models import SurveyPlan  # loaded only after the registry is ready

    ship_policy(PolicyKind.SURVEYS, dict(DEFAULT_RULES))
    _load_outcomes()
    for name in QUESTIONNAIRES:
        _load_questionnaire(shipped(f"questionnaires/{name}.json", FOLDER))
    if not SurveyPlan.objects.filter(scope_key="all", quarter="").exists():
        with transaction.atomic():
            _load_plan()


def _load_outcomes() -> None:
    from surveys.models import Outcome  # loaded only after the registry is ready

    known = set(Outcome.objects.filter(scope_key="all").values_list("code", flat=True))
    Outcome.objects.bulk_create(
        [
            Outcome(
                scope_key="all",
                code=row["code"],
                label_zh=row["zh"],
                label_en=row["en"],
                position=position,
                shortcut=row["key"],
                group=row["group"],
                reached=row.get("reached", False),
                final_status=row.get("final", ""),
                completes=row.get("completes", False),
                retry_rule=row.get("retry", "none"),
                retry_value=row.get("value"),
                retry_times=row.get("times"),
                counts_to_limit=row.get("counts", True),
                bad_number=row.get("bad", False),
                suppresses=row.get("suppresses", False),
                note_required=row.get("note", False),
                asks_supervisor=row.get("supervisor", False),
                opens_complaint=row.get("complaint", False),
            )
            for position, row in enumerate(shipped("outcomes.json", FOLDER))
            if row["code"] not in known
        ]
    )


def _load_questionnaire(data: dict) -> None:
    from surveys.models import Questionnaire  # loaded only after the registry is ready

    if Questionnaire.objects.filter(scope_key="all", code=data["code"]).exists():
        return
    with transaction.atomic():
        questionnaire = Questionnaire.objects.create(
            code=data["code"], title_zh=data["title_zh"], title_en=data["title_en"]
        )
        publish_first(questionnaire, data)


def publish_first(questionnaire, data: dict):
    """Store a questionnaire's content as its published version 1; returns the version."""
    from surveys.models import Question, QuestionnaireVersion, QuestionOption, Section

    version = QuestionnaireVersion.objects.create(
        questionnaire=questionnaire,
        status=QuestionnaireStatus.PUBLISHED,
        published_at=BEGINNING,
        **{field: data.get(field, "") for field in ("intro_zh", "intro_en", "outro_zh", "outro_en")},
    )
    sections = {
        row["key"]: Section.objects.create(
            version=version, key=row["key"], position=position, title_zh=row["title_zh"], title_en=row["title_en"]
        )
        for position, row in enumerate(data["sections"])
    }
    options = []
    for position, row in enumerate(data["questions"]):
        question = Question.objects.create(
            version=version, section=sections[row["section"]], position=position, **_columns(row)
        )
        options += _options(question, row, QuestionOption)
    QuestionOption.objects.bulk_create(options)
    return version


def _columns(row: dict) -> dict:
    return {
        "key": row["key"],
        "kind": row["kind"],
        "text_zh": row["zh"],
        "text_en": row["en"],
        "script_zh": row.get("script_zh", ""),
        "script_en": row.get("script_en", ""),
        "help_zh": row.get("help_zh", ""),
        "help_en": row.get("help_en", ""),
        "mandatory": row.get("mandatory", False),
        "allow_na": row.get("na", True),
        "weight": row["weight"],
        "scored": row.get("scored", True),
        "show_if": row.get("show_if", {}),
        "low_threshold": row.get("low", scoring.LOW_ANSWER_THRESHOLD),
        "judges_department": row.get("department", ""),
        "judges": row.get("judges", ""),
        "on_short_form": row.get("short", False),
        "low_reasons": [{"key": key, "zh": zh, "en": en} for key, zh, en in row.get("reasons", ())],
    }


def _options(question, row: dict, model) -> list:
    labels = row.get("options") or SATISFACTION.get(row["kind"], ())
    scored = question.scored and row["kind"] in scoring.SCALES
    return [
        model(
            question=question,
            key=key,
            position=position,
            label_zh=zh,
            label_en=en,
            points=scoring.option_points(row["kind"], key if row["kind"] == QuestionKind.YES_NO else int(key))
            if scored
            else None,
        )
        for position, (key, zh, en) in enumerate(labels)
    ]


def _load_plan() -> None:
    from surveys.models import PlanLine, Questionnaire, SurveyPlan  # loaded only after the registry is ready

    plan = SurveyPlan.objects.create(status=PlanStatus.APPROVED, approved_at=BEGINNING)
    by_code = {one.code: one for one in Questionnaire.objects.filter(scope_key="all")}
    for position, row in enumerate(shipped("lines.json", FOLDER)):
        PlanLine.objects.create(
            plan=plan,
            position=position,
            **{
                **row,
                "questionnaire": by_code[row["questionnaire"]],
                "excluded_order_types": EXCLUDED_ORDER_TYPES[row["visit_kind"]],
            },
        )
