"""A clock that plays acts in the order of their time, up to the present."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count


class Clock:
    """Acts are `fn(now)`; what is planned for after `end` is never played: that is what waits for people today."""

    def __init__(self, end: datetime):
        self.end = end
        self._plan: list[tuple[datetime, int, Callable]] = []
        self._order = count()

    def at(self, when: datetime, act: Callable[[datetime], None]) -> None:
        """Plan an act; acts of one instant are played as they were planned."""
        if when <= self.end:
            heapq.heappush(self._plan, (when, next(self._order), act))

    def play(self, before: Callable[[datetime], None] | None = None) -> int:
        """Play everything, also what acts plan on their way; returns how many acts there were.

        `before(now)` is called ahead of every act. An act planned for the past is played at once, at its own time.
        """
        played = 0
        while self._plan:
            when, _order, act = heapq.heappop(self._plan)
            if before is not None:
                before(when)
            act(when)
            played += 1
        return played
