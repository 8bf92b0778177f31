"""The one shape every file is brought into: sheets of rows with their physical numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

MAX_ROWS = 100_000
MAX_CELLS = 5_000_000


class Odd(Enum):
    """Cells that hold no value of their own."""

    ERROR = "error"
    UNCACHED = "uncached"


@dataclass(slots=True)
class GridRow:
    """One physical row: `number` is 1-based, hidden and blank rows count.

    `carried` gives a column (0-based) the value of the merged cell it belongs to; it is kept apart because a
    row that holds nothing else is still blank.
    """

    number: int
    cells: list
    carried: dict[int, object]

    def value(self, column: int) -> object:
        """The cell's value; an empty text where there is none."""
        if column in self.carried:
            return self.carried[column]
        return self.cells[column] if column < len(self.cells) else ""


@dataclass
class Sheet:
    """A sheet whose rows are made when they are asked for, every time anew."""

    name: str
    make_cells: Callable[[], Iterator[list]]
    merges: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: int = 0
    since_1904: bool = False

    def rows(self) -> Iterator[GridRow]:
        """All rows from the first one of the sheet on, merged cells filled downwards."""
        starting: dict[int, list[tuple[int, int]]] = {}
        for (top, left), (bottom, _right) in self.merges:
            if bottom > top:
                starting.setdefault(top, []).append((left, bottom))
        open_merges: list[tuple[int, int, object]] = []
        for index, cells in enumerate(self.make_cells()):
            open_merges = [merge for merge in open_merges if merge[1] >= index] if open_merges else open_merges
            carried = {left: value for left, _bottom, value in open_merges} if open_merges else {}
            for left, bottom in starting.get(index, ()):
                open_merges.append((left, bottom, cells[left] if left < len(cells) else ""))
            yield GridRow(index + 1, cells, carried)
