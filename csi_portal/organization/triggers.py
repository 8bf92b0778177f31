"""Append-only tables: UPDATE, DELETE and TRUNCATE refused by the database itself, on both databases.

SQLite drops triggers silently when a migration rebuilds a table, so they are re-created after every migrate.
"""

from django.db import connections

# (table, columns that may still change); each floor adds its own in AppConfig.ready().
_guarded: dict[str, tuple[str, ...]] = {}
_extra: list = []
_lifts: list = []


def append_only(table: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE of the table in the database."""
    _guarded[table] = ()


def register_sql(make, lift=None) -> None:
    """Add `make(vendor, tables) -> list[str]` statements (idempotent) to what runs after every migrate.

    `lift(vendor) -> list[str]` drops what `make` created, where the tables stand in the way of a rebuild or a flush.
    """
    if make not in _extra:
        _extra.append(make)
        if lift is not None:
            _lifts.append(lift)


def guarded_tables() -> list[str]:
    return sorted(_guarded)


def _sqlite(table: str) -> list[str]:
    statements = []
    for event in ("update", "delete"):
        name = f"{table}_no_{event}"
        statements.append(f"DROP TRIGGER IF EXISTS {name}")
        statements.append(
            f"CREATE TRIGGER {name} BEFORE {event.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    # INSERT OR REPLACE deletes without firing the delete trigger unless recursive_triggers is on.
    name = f"{table}_no_replace"
    statements.append(f"DROP TRIGGER IF EXISTS {name}")
    statements.append(
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN NEW.id IS NOT NULL "
        f"AND EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
    return statements


def _postgresql(table: str) -> list[str]:
    return [
        "CREATE OR REPLACE FUNCTION csi_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';"
        " END $$",
        f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION csi_append_only()",
        f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION csi_append_only()",
    ]


def drop_statements(vendor: str) -> list[str]:
    """What lifts the guards of every table (used to empty a test database between transactional tests)."""
    own = [statement for lift in _lifts for statement in lift(vendor)]
    if vendor == "sqlite":
        return own + [f"DROP TRIGGER IF EXISTS {t}_no_{e}" for t in _guarded for e in ("update", "delete", "replace")]
    return own + [
        f"DROP TRIGGER IF EXISTS {name} ON {t}" for t in _guarded for name in (f"{t}_append_only", f"{t}_no_truncate")
    ]


def install(using: str = "default") -> None:
    """(Re-)create the guards of every append-only table that exists."""
    connection = connections[using]
    make = _sqlite if connection.vendor == "sqlite" else _postgresql
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in guarded_tables():
            if table in present:
                for statement in make(table):
                    cursor.execute(statement)
        for extra in _extra:
            for statement in extra(connection.vendor, present):
                cursor.execute(statement)


def before_migrate(sender, using, **kwargs):
    """SQLite cannot rename a rebuilt table while a trigger of another table names it: lift those, once, first."""
    connection = connections[using]
    if sender.label == "organization" and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for lift in _lifts:
                for statement in lift("sqlite"):
                    cursor.execute(statement)


def after_migrate(sender, using, **kwargs):
    # once, after the last app: the organization app comes last in INSTALLED_APPS among ours
    if sender.label == "organization":
        install(using)
