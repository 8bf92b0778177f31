"""What the database itself refuses about deadlines and breaches (POLICY section 3): a breach is for ever.

The fact of a breach never changes and is never removed; how late it was is fixed once the step was done. A deadline
that was met keeps its times. Created again after every migrate (csi_portal.organization.triggers).
"""

BREACH, DEADLINE = "complaints_breach", "complaints_deadline"

_FACT = ("store_id", "deadline_id", "complaint_id", "found_at")
# who bears it and whether it costs may still be put right (a calendar completed later, an appeal), the lateness not
_JUDGED = ("late_by",)
_TIMES = ("complaint_id", "step", "generation", "started_at", "warn_at", "due_at", "escalate_at", "met_at")
_NAMES = (
    (f"{BREACH}_fact", BREACH),
    (f"{BREACH}_judged", BREACH),
    (f"{BREACH}_for_ever", BREACH),
    (f"{DEADLINE}_met", DEADLINE),
)


def statements(vendor: str, present: set[str]) -> list[str]:
    """The triggers as SQL, each preceded by what drops its older self; nothing before the tables exist."""
    if not {BREACH, DEADLINE} <= present:
        return []
    make = _sqlite if vendor == "sqlite" else _postgresql
    return lift(vendor) + [
        statement
        for name, table, event, columns, when, message in (
            (f"{BREACH}_fact", BREACH, "UPDATE", _FACT, "", "the fact of a breach never changes"),
            (f"{BREACH}_judged", BREACH, "UPDATE", _JUDGED, "OLD.late_by IS NOT NULL", "this breach was judged"),
            (f"{BREACH}_for_ever", BREACH, "DELETE", (), "", "a breach is for ever"),
            (f"{DEADLINE}_met", DEADLINE, "UPDATE", _TIMES, "OLD.met_at IS NOT NULL", "a met deadline never changes"),
        )
        for statement in make(name, table, event, columns, when, message)
    ]


def lift(vendor: str) -> list[str]:
    """What drops them."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name, _table in _NAMES]
    return [f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in _NAMES]


def _sqlite(name, table, event, columns, when, message) -> list[str]:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
    condition = " AND ".join(part for part in (when, f"({changed})" if changed else "") if part)
    guard = f"WHEN {condition} " if condition else ""
    return [f"CREATE TRIGGER {name} BEFORE {event} ON {table} {guard}BEGIN SELECT RAISE(ABORT, '{message}'); END"]


def _postgresql(name, table, event, columns, when, message) -> list[str]:
    # text, because PostgreSQL has no equality for json
    changed = " OR ".join(f"NEW.{column}::text IS DISTINCT FROM OLD.{column}::text" for column in columns)
    condition = " AND ".join(part for part in (when, f"({changed})" if changed else "") if part)
    guard = f"WHEN ({condition}) " if condition else ""
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        f"'{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {guard}EXECUTE FUNCTION {name}()",
    ]
