"""Pages of the surveys floor; each room keeps its rows beside its tests."""

from surveys.tests.calls import url_rows as calls
from surveys.tests.imports import url_rows as imports

ROWS = [*imports.ROWS, *calls.ROWS]


def furnish(at):
    imports.furnish(at)
    calls.furnish(at)
