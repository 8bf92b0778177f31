"""How a complaint goes: which steps come late and by how much, and what the customer says in the end. Plain values."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from . import texts

# What customers say at the end: 1 to 5; None is "never reached".
CONTENT, UNHAPPY, SILENT = 5, 2, None


@dataclass(frozen=True)
class Plot:
    """The course of one form. `late` gives minutes after the due time by step; a step in `left` is never done.

    `then` are the plots of the next rounds. `neglect` lets the care manager tick the fault of the first late step;
    `instructed` is how many hours the general manager takes to answer (None: not at all). `blame` names who is
    responsible beside who the matter is about. In a `hurry` people act at once, whatever the hour. `called` is how
    many minutes after the complaint the satisfaction callback is made.
    """

    matter: texts.Matter
    level: str = "grumble"
    source: str = "hotline"
    late: dict[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    overall: int | None = CONTENT
    tries: int = 0
    measures_at_once: bool = True
    neglect: bool = False
    instructed: float | None = 2.0
    blame: str = ""
    approved_after: float = 5.0
    then: tuple["Plot", ...] = ()
    hurry: bool = False
    called: int | None = None


# (source, how many of 100) of what does not come from a call
SOURCES = (
    ("hotline", 34), ("in_person", 27), ("online", 13), ("sms", 8), ("oem_hotline", 8), ("email", 4), ("letter", 2),
    ("consumer_association", 4),
)  # fmt: skip
LEVELS = (("grumble", 55), ("general", 45))


def some_plot(rng: Random, *, source: str = "", department: str = "") -> Plot:
    """A plot as they come: most on time and well in the end, some not."""
    matters = [matter for matter in texts.MATTERS if not department or matter.department == department]
    level = _pick(rng, LEVELS)
    late: dict[str, int] = {}
    if rng.random() < 0.16:
        step = rng.choice(("transfer", "first_contact", "first_contact", "resolution", "callback"))
        late[step] = rng.choice((6, 18, 35, 55, 95, 160))
    plot = Plot(
        rng.choice(matters),
        level=level,
        source=source or _pick(rng, SOURCES),
        late=late,
        overall=rng.choices((5, 4), weights=(7, 3))[0],
        tries=rng.choices((0, 1), weights=(8, 2))[0],
        measures_at_once=rng.random() < 0.6,
        approved_after=rng.uniform(2, 9),
    )
    if rng.random() < 0.08:
        again = replace(plot, level=level, late={}, overall=CONTENT, tries=0)
        plot = replace(plot, overall=UNHAPPY, then=(again,))
    return plot


def _pick(rng: Random, table) -> str:
    return rng.choices([code for code, _share in table], weights=[share for _code, share in table])[0]


def _matter(category: str, department: str = "") -> texts.Matter:
    return next(m for m in texts.MATTERS if m.category == category and department in ("", m.department))


def set_pieces() -> list[tuple[timedelta, Plot]]:
    """What has to be there for every page to have something to show: (how long before now, plot)."""
    mechanical, paint = _matter("repair_mechanical"), _matter("repair_body")
    waiting, price = _matter("waiting"), _matter("price_service")
    promise, delivery, parts = _matter("promise"), _matter("delivery_condition"), _matter("parts_supply")
    day = timedelta(days=1)
    return [
        # the first month: what its ledger is made of
        (51.2 * day, Plot(waiting, "general", "hotline", late={"first_contact": 190}, neglect=True, instructed=3)),
        (49.1 * day, Plot(price, "grumble", "in_person", late={"transfer": 165, "first_contact": 20})),
        (47.0 * day, Plot(texts.MAJOR[0], "major", "oem_hotline", late={"major_follow_up": 0}, instructed=1.5)),
        (45.3 * day, Plot(promise, "general", "online", late={"reply": 130}, neglect=True)),
        (43.9 * day, Plot(delivery, "general", "in_person", late={"first_contact": 75}, neglect=True)),
        (41.1 * day, Plot(paint, "general", "hotline", late={"resolution": 2100}, neglect=True, instructed=5)),
        (39.0 * day, Plot(texts.MAJOR[1], "major", "consumer_association", late={"gm_notice": 55, "transfer": 55})),
        (37.2 * day, Plot(mechanical, "general", "sms", overall=SILENT, tries=1)),
        # the second month
        (26.3 * day, Plot(waiting, "grumble", "hotline", late={"first_contact": 50}, neglect=True)),
        (24.1 * day, Plot(mechanical, "general", "hotline", overall=UNHAPPY, then=(
            Plot(mechanical, "general", late={"first_contact": 30}, overall=UNHAPPY, then=(
                Plot(mechanical, "major", instructed=2),)),))),
        (20.2 * day, Plot(price, "general", "in_person", late={"transfer": 40})),
        (17.4 * day, Plot(delivery, "general", "email", late={"first_contact": 150}, neglect=True, instructed=4)),
        (15.2 * day, Plot(paint, "grumble", "in_person", late={"callback": 45})),
        (13.0 * day, Plot(promise, "general", "letter", overall=SILENT)),
        (11.1 * day, Plot(texts.MAJOR[0], "major", "hotline", late={"first_contact": 0}, instructed=1)),
        (9.1 * day, Plot(_matter("accessories"), "general", "in_person", blame="parts")),
        (7.2 * day, Plot(price, "grumble", "online", late={"first_contact": 25}, neglect=True)),
        (4.3 * day, Plot(parts, "general", "in_person", late={"transfer": 22, "first_contact": 45}, neglect=True)),
    ]  # fmt: skip


def scenes(now: datetime, calendar) -> list[tuple[timedelta, Plot]]:
    """What presses at this very moment, for every role: (how long before now it began, plot left at that point).

    Steps of 24 h and more run day and night on the mixed clock; what runs on opening hours only presses while the
    store is open.
    """
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    attitude, waiting, price = _matter("attitude", "after_sales"), _matter("waiting"), _matter("price_service")
    mechanical, paint, parts = _matter("repair_mechanical"), _matter("repair_body"), _matter("parts_supply")
    promise, delivery, screen = _matter("promise"), _matter("delivery_condition"), _matter("product_quality")
    found = [
        # customer care: satisfaction callbacks, one nearly and one really too late
        (48 * hour - 27 * minute, Plot(price, left=("callback",), hurry=True)),
        (48 * hour + 38 * minute, Plot(parts, "general", left=("callback",), hurry=True)),
        # after-sales: a resolution due soon, one late, one that went up to the general manager
        (24 * hour - 52 * minute, Plot(waiting, "general", "in_person", left=("resolution",), hurry=True)),
        (24 * hour + 71 * minute, Plot(mechanical, "general", left=("resolution",), hurry=True)),
        (24 * hour + 185 * minute, Plot(paint, "general", left=("resolution",), instructed=None, hurry=True)),
        # a service adviser with a grumble of the own
        (24 * hour - 76 * minute, Plot(attitude, "grumble", left=("resolution",), hurry=True)),
        # sales and accessories
        (24 * hour - 104 * minute, Plot(promise, "general", left=("resolution",), hurry=True)),
        (24 * hour - 150 * minute, Plot(_matter("accessories"), "general", left=("resolution",), hurry=True)),
        # the general manager: an approval that presses, a major form that waits for an answer
        (30 * hour, Plot(delivery, "general", left=("approval",), hurry=True, called=6 * 60 + 49)),
        (5 * hour, Plot(texts.MAJOR[1], "major", left=("resolution", "region_report", "confirm"), instructed=None,
                        hurry=True)),
        # the care manager: measures to check
        (49 * hour, Plot(screen, "general", left=("measures_check", "callback"), hurry=True)),
        # the group approver: the department manager is blamed, so the general manager signed in the place of him
        (30 * hour, Plot(price, "general", blame="service", left=("approval",), hurry=True, called=8 * 60 + 20)),
    ]  # fmt: skip
    if calendar.is_open(now):
        found += [
            (_open_before(calendar, now, 17), Plot(waiting, "general", left=("transfer",), hurry=True)),
            (_open_before(calendar, now, 97), Plot(price, "general", left=("first_contact",), hurry=True)),
            (_open_before(calendar, now, 84), Plot(attitude, "grumble", left=("first_contact",), hurry=True)),
            (_open_before(calendar, now, 151), Plot(delivery, "general", left=("first_contact",), hurry=True)),
        ]
    return found


def _open_before(calendar, now: datetime, minutes: int) -> timedelta:
    """How long ago the store has been open for so many minutes up to now."""
    wanted, before = timedelta(minutes=minutes), timedelta(0)
    while calendar.open_between(now - before, now) < wanted:
        before += timedelta(minutes=1)
    return before
