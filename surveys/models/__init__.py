"""Customers, cars, visits; plans, questionnaires, callbacks, attempts, responses; imports."""

from .calls import Attempt, Callback, Claim, Outcome, Suppression
from .customers import Customer, CustomerPhone, Vehicle, Visit
from .imports import ImportBatch, ImportRow
from .plans import PlanLine, SurveyPlan
from .questionnaires import Question, Questionnaire, QuestionnaireVersion, QuestionOption, Section
from .responses import Answer, Response

__all__ = [
    "Answer",
    "Attempt",
    "Callback",
    "Claim",
    "Customer",
    "CustomerPhone",
    "ImportBatch",
    "ImportRow",
    "Outcome",
    "PlanLine",
    "Question",
    "QuestionOption",
    "Questionnaire",
    "QuestionnaireVersion",
    "Response",
    "Section",
    "Suppression",
    "SurveyPlan",
    "Vehicle",
    "Visit",
]
