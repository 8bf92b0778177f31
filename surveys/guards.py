"""A submitted answer is immutable, also for a direct UPDATE (POLICY section 2, "Against gaming").

What a customer may ask to have erased (texts) and what is told later (why no complaint form) stays changeable.
"""

_ANSWER = ("options", "number", "not_applicable", "points", "is_low", "question_id", "response_id")
_RESPONSE = ("completed_at", "score_num", "score_den", "is_complete", "has_low_answer", "callback_id", "version_id")
_MESSAGE = "a submitted answer is immutable"


def submitted_answers(vendor: str, present: set[str]) -> list[str]:
    """Statements that make the guards anew; for triggers.register_sql."""
    if not {"surveys_answer", "surveys_response"} <= present:
        return []
    answer_closed = (
        "EXISTS (SELECT 1 FROM surveys_response r WHERE r.id = OLD.response_id AND r.completed_at IS NOT NULL)"
    )
    response_closed = "OLD.completed_at IS NOT NULL"
    make = _sqlite if vendor == "sqlite" else _postgresql
    return [
        *make("surveys_answer", _ANSWER, answer_closed),
        *make("surveys_response", _RESPONSE, response_closed),
    ]


def _sqlite(table: str, columns: tuple[str, ...], closed: str) -> list[str]:
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in columns)
    return [
        f"DROP TRIGGER IF EXISTS {table}_submitted",
        f"CREATE TRIGGER {table}_submitted BEFORE UPDATE ON {table} WHEN {closed} AND ({changed}) "
        f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END",
    ]


def _postgresql(table: str, columns: tuple[str, ...], closed: str) -> list[str]:
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in columns)
    return [
        f"CREATE OR REPLACE FUNCTION {table}_submitted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {closed} AND ({changed}) THEN RAISE EXCEPTION '{_MESSAGE}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$",
        f"DROP TRIGGER IF EXISTS {table}_submitted ON {table}",
        f"CREATE TRIGGER {table}_submitted BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_submitted()",
    ]
