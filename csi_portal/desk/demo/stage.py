"""Sets the stage: the demo store, its departments, people, logins, rights, teams and roster."""

import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher

from csi_portal.organization import audit, permissions, services
from csi_portal.organization.enums import Clock, Role
from csi_portal.organization.models import Department, Employee, Store, Team, TeamMembership, User
from csi_portal.organization.permissions import SYSTEM

from . import cast

# A word people can read out and type; 5 groups of 3 from 26 signs are 70 bits.
_SIGNS = "abcdefghjkmnpqrstuvwxyz234"
# Nobody guesses 70 random bits, so the hash need not be slow; the first sign-in stores it anew with the full rounds.
_ROUNDS = 20_000
LOGINS_FILE = "demo_logins.json"


@dataclass
class Stage:
    """A store with its people by part (`care`, `gm`, …): the employee and, where there is one, the login."""

    store: Store
    site: cast.Site
    departments: dict[str, Department]
    employees: dict[str, Employee] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def names(self) -> dict[str, str]:
        return {key: employee.name for key, employee in self.employees.items()}


@dataclass
class Logins:
    """The logins of the demo with their fresh passwords, for the file and the screen."""

    rows: list[dict[str, str]] = field(default_factory=list)

    def user(self, username: str, name: str, role: str, store: str, at: datetime) -> User:
        """Make the login with a random password that stays: it is printed as long as the demo is in use."""
        password = "-".join("".join(secrets.choice(_SIGNS) for _sign in range(3)) for _group in range(5))
        user = User.objects.create(username=username, last_name=name, language="zh-hans", password=_hashed(password))
        audit.record(SYSTEM, "login.given", user, at=at, username=username, demo=True)
        self.rows.append({"username": username, "password": password, "role": role, "store": store})
        return user

    def write(self) -> None:
        """Keep them where `start` finds them, readable by the owner of the portal only."""
        path = settings.VAR_DIR / LOGINS_FILE
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self.rows, ensure_ascii=False, indent=1), encoding="utf-8")
        draft.replace(path)


def _hashed(password: str) -> str:
    hasher = get_hasher()
    rounds = {"iterations": _ROUNDS} if isinstance(hasher, PBKDF2PasswordHasher) else {}
    return hasher.encode(password, hasher.salt(), **rounds)


def set_stage(site: cast.Site, *, opened_at: datetime, logins: Logins, group: dict[str, User]) -> Stage:
    """Make the store as it was on `opened_at`; `group` holds the people all stores share, made by the first one."""
    store = services.open_store(
        code=site.code,
        name=site.name,
        timezone=cast.TIMEZONE,
        clock=Clock.MIXED,
        phone="199-0000-9900",
        by=SYSTEM,
        now=opened_at,
    )
    store.is_demo, store.created_at = True, opened_at
    store.save(update_fields=["is_demo", "created_at"])
    departments = {row.code: row for row in Department.objects.filter(store=store)}
    for code, name in cast.DEPARTMENTS.items():
        services.rename_department(departments[code], name=name, by=SYSTEM, now=opened_at)
        departments[code].name = name
    stage = Stage(store, site, departments)
    names = cast.names_in(site)
    for number, part in enumerate(cast.PARTS, start=1):
        _appoint(stage, part, names[part.key], number, opened_at, logins, group)
    _teams(stage, store.local_date(opened_at))
    for user in stage.users.values():
        permissions.keep_rights(user)  # rights do not change during the play
    return stage


def _appoint(stage: Stage, part: cast.Part, name: str, number: int, opened_at, logins: Logins, group: dict) -> None:
    site, store = stage.site, stage.store
    user = None
    if part.login:
        user = group.get(part.key)
        if user is None:
            suffix = site.suffix if part.per_store else ""
            title = part.position or Role(part.role).label
            user = logins.user(part.login + suffix, name, str(title), site.name if part.per_store else "", opened_at)
            if not part.per_store:
                group[part.key] = user
        stage.users[part.key] = user
    department = stage.departments.get(part.department)
    if department is not None:
        stage.employees[part.key] = services.add_employee(
            store,
            by=SYSTEM,
            now=opened_at,
            department_id=department.pk,
            staff_number=f"{1000 + number}",
            name=name,
            user=user,
            position=part.position,
            phone=f"199000099{number:02}",
            active_from=store.local_date(opened_at) - timedelta(days=400),
            probation_until=store.local_date(opened_at) + timedelta(days=90) if part.probation else None,
            wage_base=part.wage or None,
        )
    if user is not None and part.role != Role.EMPLOYEE:
        managed = department if part.role == Role.DEPARTMENT_MANAGER else None
        services.grant_role(user, part.role, by=SYSTEM, now=opened_at, store=store, department=managed)


def _teams(stage: Stage, since: date) -> None:
    for name, department, leader, members in cast.TEAMS:
        team = Team.objects.create(
            store=stage.store,
            department=stage.departments[department],
            name=name,
            leader=stage.employees[leader],
        )
        TeamMembership.objects.bulk_create(
            TeamMembership(store=stage.store, team=team, employee=stage.employees[key], from_on=since)
            for key in members
        )


def write_roster(stage: Stage, days: list[date], today: date, now: datetime) -> dict[tuple[str, date], str]:
    """One day off a week for who has a stand-in, never today; returns (part, day) -> the part that stands in."""
    off = {}
    for day in days:
        for place, (key, stand_in) in enumerate(cast.STAND_INS.items()):
            # the pairs stand beside each other: never both on one day
            if (day.weekday() - today.weekday()) % 7 == place + 1:
                off[key, day] = stand_in
                person, other = stage.employees[key], stage.employees[stand_in]
                services.set_off(person, day, day, by=SYSTEM, now=now, stand_in=other)
    return off
