"""What the database itself refuses about money (POLICY section 5, "Ledger"), beside the append-only guards.

Entries: a second entry of one number, proposal or reversal, also where INSERT OR REPLACE would quietly delete the
first one; entries into a locked month; entries approved by the person they concern. Months: any change of a locked
one. Created again after every migrate (csi_portal.organization.triggers).
"""

LEDGER = "incentives_ledgerentry"
MONTH = "incentives_month"
APPEND_ONLY = (LEDGER, "incentives_hold", "incentives_carriedover")

# Columns that, beside the id, decide which row REPLACE would delete.
_KEYS = {
    LEDGER: (("store_id", "number"), ("proposal_id",), ("reverses_id",)),
    "incentives_hold": (("store_id", "entry_id", "from_month"),),
    "incentives_carriedover": (("store_id", "employee_id", "from_month"),),
}
_SQLITE_NAMES = (
    *(f"{table}_no_second" for table in _KEYS),
    f"{LEDGER}_guard",
    f"{MONTH}_no_change",
    f"{MONTH}_no_removal",
    f"{MONTH}_no_second",
)
_POSTGRESQL_NAMES = (
    (f"{LEDGER}_guard", LEDGER),
    (f"{MONTH}_no_change", MONTH),
    (f"{MONTH}_no_truncate", MONTH),
)


def statements(vendor: str, present: set[str]) -> list[str]:
    """The triggers as SQL, each preceded by what drops its older self; nothing before the tables exist."""
    if not {*APPEND_ONLY, MONTH, "organization_employee"} <= present:
        return []
    return lift(vendor) + (_sqlite() if vendor == "sqlite" else _postgresql())


def lift(vendor: str) -> list[str]:
    """What drops them."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE_NAMES]
    return [f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in _POSTGRESQL_NAMES]


def expected(vendor: str) -> set[str]:
    """Names of every trigger that must stand on the money tables."""
    if vendor == "sqlite":
        kept = {f"{table}_no_{event}" for table in APPEND_ONLY for event in ("update", "delete", "replace")}
        return kept | set(_SQLITE_NAMES)
    kept = {f"{table}_{what}" for table in APPEND_ONLY for what in ("append_only", "no_truncate")}
    return kept | {name for name, _table in _POSTGRESQL_NAMES}


def _sqlite() -> list[str]:
    # The month is compared by its text's first seven letters: a raw statement may write a date with a time.
    made = [_sqlite_no_second(table, keys) for table, keys in _KEYS.items()]
    made.append(
        f"CREATE TRIGGER {LEDGER}_guard BEFORE INSERT ON {LEDGER} BEGIN "
        f"SELECT RAISE(ABORT, 'the month is locked') WHERE EXISTS (SELECT 1 FROM {MONTH} WHERE store_id = NEW.store_id "
        "AND substr(month, 1, 7) = substr(NEW.month, 1, 7) AND status = 'locked'); "
        "SELECT RAISE(ABORT, 'nobody approves the own entry') WHERE EXISTS (SELECT 1 FROM organization_employee "
        "WHERE id = NEW.employee_id AND user_id = NEW.approved_by_id); END"
    )
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MONTH}: a locked month never changes'); END"
    same = "store_id = NEW.store_id AND month = NEW.month AND status = 'locked'"
    made.append(
        f"CREATE TRIGGER {MONTH}_no_change BEFORE UPDATE ON {MONTH} WHEN OLD.status = 'locked' "
        f"OR EXISTS (SELECT 1 FROM {MONTH} WHERE id <> OLD.id AND {same}) {refuse}"
    )
    made.append(f"CREATE TRIGGER {MONTH}_no_removal BEFORE DELETE ON {MONTH} WHEN OLD.status = 'locked' {refuse}")
    made.append(
        f"CREATE TRIGGER {MONTH}_no_second BEFORE INSERT ON {MONTH} WHEN EXISTS (SELECT 1 FROM {MONTH} "
        f"WHERE ({same}) OR (id = NEW.id AND status = 'locked')) {refuse}"
    )
    return made


def _sqlite_no_second(table: str, keys) -> str:
    same = " OR ".join("(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in keys)
    return (
        f"CREATE TRIGGER {table}_no_second BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        f"BEGIN SELECT RAISE(ABORT, '{table}: there is one already'); END"
    )


def _postgresql() -> list[str]:
    refused = "USING ERRCODE = 'integrity_constraint_violation'"
    return [
        # FOR SHARE waits for a lock of the month that is under way, so that no entry slips in beside it
        "CREATE OR REPLACE FUNCTION csi_ledger_guard() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE state text; BEGIN "
        f"SELECT status INTO state FROM {MONTH} WHERE store_id = NEW.store_id AND month = NEW.month FOR SHARE; "
        f"IF state = 'locked' THEN RAISE EXCEPTION 'the month is locked' {refused}; END IF; "
        "IF EXISTS (SELECT 1 FROM organization_employee WHERE id = NEW.employee_id AND user_id = NEW.approved_by_id) "
        f"THEN RAISE EXCEPTION 'nobody approves the own entry' {refused}; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {LEDGER}_guard BEFORE INSERT ON {LEDGER} FOR EACH ROW EXECUTE FUNCTION csi_ledger_guard()",
        "CREATE OR REPLACE FUNCTION csi_month_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF OLD.status = 'locked' THEN RAISE EXCEPTION '{MONTH}: a locked month never changes' {refused}; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {MONTH}_no_change BEFORE UPDATE OR DELETE ON {MONTH} "
        "FOR EACH ROW EXECUTE FUNCTION csi_month_guard()",
        "CREATE OR REPLACE FUNCTION csi_month_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF EXISTS (SELECT 1 FROM {MONTH} WHERE status = 'locked') "
        f"THEN RAISE EXCEPTION '{MONTH}: a locked month never changes' {refused}; END IF; RETURN NULL; END $$",
        f"CREATE TRIGGER {MONTH}_no_truncate BEFORE TRUNCATE ON {MONTH} "
        "FOR EACH STATEMENT EXECUTE FUNCTION csi_month_truncate()",
    ]
