"""What the workshop and the showroom do on a day, and the DMS file that reports it. Plain values, no database."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from openpyxl import Workbook

from . import cast

SERVICE_HEADER = (
    "工单号", "车牌号", "VIN", "客户姓名", "手机号", "性别", "出生日期", "品牌", "车型", "业务类型", "行驶里程",
    "服务顾问", "维修技师", "进厂时间", "结算时间", "结算金额", "所在地区",
)  # fmt: skip
SALE_HEADER = (
    "销售单号", "车牌号", "VIN", "客户姓名", "手机号", "性别", "出生日期", "品牌", "车型", "销售类型", "销售顾问",
    "交车日期", "成交价", "所在地区",
)  # fmt: skip
# (kind of work, how many of 100, yuan from, to, hours in the workshop)
WORK = (
    ("定期保养", 52, 380, 1280, 2),
    ("一般维修", 24, 260, 3600, 4),
    ("事故维修", 12, 1200, 9800, 30),
    ("保修/索赔", 7, 120, 900, 5),
    ("美容装潢", 5, 200, 2600, 3),
)
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class Car:
    """A customer with a car; both exist only here."""

    number: int
    name: str
    phone: str
    gender: str
    birth_on: date | None
    area: str
    plate: str
    vin: str
    model: str


class Town:
    """The customers of a store: the n-th is always the same, whoever asks."""

    def __init__(self, site: cast.Site, seed: str, *, first: int = 0, last: int | None = None):
        self.site = site
        self.seed = seed
        self.numbers = range(len(site.phones))[first:last]
        self._next = 0
        self._known: list[Car] = []

    def car(self, number: int) -> Car:
        """The n-th customer, made from the seed alone."""
        rng = Random(f"{self.seed}/car/{number}")
        phone = f"1990000{self.site.phones[number]:04}"
        company = rng.random() < 0.05
        name = (
            rng.choice(cast.COMPANIES)
            if company
            else rng.choice(cast.FAMILY_NAMES) + cast.GIVEN_NAMES[number % len(cast.GIVEN_NAMES)]
        )
        return Car(
            number=number,
            name=name,
            phone=phone,
            gender="" if company else rng.choice(("男", "女")),
            birth_on=None if company or rng.random() < 0.15 else date(rng.randint(1958, 2004), rng.randint(1, 12), 15),
            area=rng.choice(cast.AREAS),
            # a letter Z after the province is never issued
            plate=f"{rng.choice(cast.PROVINCES)}Z{number:05}"[:7],
            vin=f"L00{''.join(rng.choices(VIN_LETTERS, k=8))}{number % 1_000_000:06}",
            model=rng.choice(cast.MODELS),
        )

    def new_car(self) -> Car:
        """A customer nobody has seen before; when the numbers run out, the first ones come again."""
        car = self.car(self.numbers[self._next % len(self.numbers)])
        if self._next < len(self.numbers):
            self._known.append(car)
        self._next += 1
        return car

    def some_car(self, rng: Random) -> Car:
        """Three of four are new; the others have been here before."""
        if self._known and (rng.random() < 0.25 or self._next >= len(self.numbers)):
            return rng.choice(self._known)
        return self.new_car()


@dataclass(frozen=True)
class Order:
    """A repair order or delivery as the DMS lists it; times are the store's wall times."""

    kind: str
    number: str
    car: Car
    type: str
    adviser: str
    technician: str
    opened_at: datetime
    closed_at: datetime
    amount: int
    mileage: int


@dataclass(frozen=True)
class Pace:
    """How busy a store is: repair orders and deliveries on an open day."""

    services: tuple[int, int]
    sales: tuple[int, int]


class Workshop:
    """Makes the orders of a day, in the order in which they were closed."""

    def __init__(self, town: Town, names: dict[str, str], pace: Pace, rng: Random):
        self.town, self.names, self.pace, self.rng = town, names, pace, rng

    def day(self, day: date) -> list[Order]:
        """The orders closed on an open day."""
        found = [*self._services(day), *self._sales(day)]
        return sorted(found, key=lambda order: (order.closed_at, order.number))

    def _services(self, day: date) -> Iterator[Order]:
        rng = self.rng
        for place in range(rng.randint(*self.pace.services)):
            work, _share, low, high, hours = rng.choices(WORK, weights=[row[1] for row in WORK])[0]
            closed = self._moment(day, 10, 17)
            painter = work == "事故维修" and rng.random() < 0.8
            yield Order(
                kind="service",
                number=f"RO{day:%y%m%d}{place + 1:03}",
                car=self.town.some_car(rng),
                type=work,
                adviser=self.names[rng.choice(cast.SERVICE_ADVISERS)],
                technician=self.names["painter" if painter else "mechanic"],
                opened_at=max(closed - timedelta(hours=hours), datetime.combine(day, time(8, 35)))
                if hours < 10
                else closed - timedelta(hours=hours),
                closed_at=closed,
                amount=rng.randint(low // 10, high // 10) * 10,
                mileage=rng.randint(900, 98000),
            )

    def _sales(self, day: date) -> Iterator[Order]:
        rng = self.rng
        for place in range(rng.randint(*self.pace.sales)):
            closed = self._moment(day, 10, 17)
            yield Order(
                kind="sale",
                number=f"SO{day:%y%m%d}{place + 1:02}",
                car=self.town.new_car(),
                type=rng.choice(("零售", "零售", "零售", "大客户")),
                adviser=self.names[rng.choice(cast.SELLERS)],
                technician="",
                opened_at=closed - timedelta(days=rng.randint(3, 20)),
                closed_at=closed,
                amount=rng.randint(108, 268) * 1000,
                mileage=0,
            )

    def _moment(self, day: date, first: int, last: int) -> datetime:
        return datetime.combine(day, time(self.rng.randint(first, last), self.rng.randint(0, 59)))


def dms_file(orders: Sequence[Order], extra: dict[str, list[dict]] | None = None) -> io.BytesIO:
    """The workbook a DMS would export: a sheet of repair orders, a sheet of deliveries.

    `extra` adds rows by kind that say only some columns, for what a file has to be refused or clarified.
    """
    book = Workbook(write_only=True)
    for kind, title, header, row in (
        ("service", "维修工单", SERVICE_HEADER, service_row),
        ("sale", "交车单", SALE_HEADER, sale_row),
    ):
        rows = [row(order) for order in orders if order.kind == kind]
        rows += [[cells.get(name) for name in header] for cells in (extra or {}).get(kind, ())]
        if rows:
            sheet = book.create_sheet(title)
            sheet.append(header)
            for cells in rows:
                sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def service_row(order: Order) -> list:
    car = order.car
    return [
        order.number, car.plate, car.vin, car.name, car.phone, car.gender, car.birth_on, cast.BRAND, car.model,
        order.type, order.mileage, order.adviser, order.technician, order.opened_at, order.closed_at, order.amount,
        car.area,
    ]  # fmt: skip


def sale_row(order: Order) -> list:
    car = order.car
    return [
        order.number, None, car.vin, car.name, car.phone, car.gender, car.birth_on, cast.BRAND, car.model,
        order.type, order.adviser, order.closed_at, order.amount, car.area,
    ]  # fmt: skip
