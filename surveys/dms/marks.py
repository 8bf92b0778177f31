"""What calamine does not tell about a sheet: errors, formulas without a result, hidden rows, far cells."""

from dataclasses import dataclass, field


@dataclass
class Marks:
    """Beside the values of one sheet; cells are 0-based (row, column)."""

    errors: set[tuple[int, int]] = field(default_factory=set)
    uncached: set[tuple[int, int]] = field(default_factory=set)
    hidden_rows: int = 0
    first_row: int | None = None
    last_row: int = -1
    first_column: int | None = None
    last_column: int = -1

    def use(self, row: int, first: int, last: int) -> None:
        """Note that a row has content in the columns from `first` to `last`."""
        if self.first_row is None or row < self.first_row:
            self.first_row = row
        if self.first_column is None or first < self.first_column:
            self.first_column = first
        if row > self.last_row:
            self.last_row = row
        if last > self.last_column:
            self.last_column = last

    @property
    def area(self) -> int:
        """How many cells the rectangle around all content has: a reader keeps room for each of them."""
        if self.first_row is None or self.first_column is None:
            return 0
        return (self.last_row - self.first_row + 1) * (self.last_column - self.first_column + 1)
