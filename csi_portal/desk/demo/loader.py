"""Writes many rows of a table quickly: the values are prepared by the fields, the statement is made once.

`bulk_create` asks every field of every row anew how it is written, which costs ten times the insert itself. Constraints
and triggers of the database hold here as everywhere.
"""

from collections.abc import Callable, Iterable
from datetime import UTC

from django.core.management.color import no_style
from django.db import connection, models

PAGE = 2000


def write(rows: Iterable[models.Model]) -> None:
    """Insert unsaved rows of one model and give them their keys; the table must have no other writer meanwhile."""
    rows = list(rows)
    if not rows:
        return
    model = type(rows[0])
    key = model._meta.pk
    first = (model._base_manager.aggregate(last=models.Max("pk"))["last"] or 0) + 1
    for number, row in enumerate(rows, start=first):
        row.pk = number
        row._state.adding, row._state.db = False, connection.alias
    columns = [(field.attname, _prepared(field)) for field in model._meta.concrete_fields]
    for row in rows:
        _take_keys(row)
    values = ([prepare(getattr(row, name)) for name, prepare in columns] for row in rows)
    names = ", ".join(connection.ops.quote_name(field.column) for field in model._meta.concrete_fields)
    _insert(connection.ops.quote_name(model._meta.db_table), names, len(columns), values)
    if connection.vendor == "postgresql" and isinstance(key, models.AutoField):
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
                cursor.execute(statement)


def _take_keys(row: models.Model) -> None:
    """Foreign keys to rows that got their key after they were set."""
    for field in row._meta.concrete_fields:
        if field.is_relation and field.is_cached(row):
            related = getattr(row, field.name)
            if related is not None:
                setattr(row, field.attname, related.pk)


def _prepared(field: models.Field) -> Callable:
    """How a value of the field is written; what the driver takes as it is goes as it is."""
    if isinstance(field, models.DateTimeField):
        return _as_is if connection.vendor == "postgresql" else _in_utc
    own = type(field).__module__.partition(".")[0] != "django"  # a field of ours has its own way
    plain = (models.CharField, models.TextField, models.IntegerField, models.BooleanField, models.ForeignKey)
    if isinstance(field, plain) and not own:
        return _as_is
    return lambda value: field.get_db_prep_save(value, connection)


def _as_is(value):
    return value


def _in_utc(value):
    """An instant as SQLite keeps it: UTC without a zone."""
    return None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))


def _insert(table: str, names: str, width: int, values) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            from psycopg2.extras import execute_values  # the driver of this database only

            with connection.wrap_database_errors:
                execute_values(cursor.cursor, f"INSERT INTO {table} ({names}) VALUES %s", values, page_size=PAGE)
            return
        marks = ", ".join(["%s"] * width)
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
