"""Which version of a policy table or calendar holds for a store at an instant."""

from collections.abc import Callable
from datetime import datetime

from csi_portal.organization.calendars import BusinessCalendar, national_workdays
from csi_portal.organization.enums import Clock, VersionStatus
from csi_portal.organization.models import CalendarVersion, PolicyVersion
from csi_portal.organization.models.base import scope_key


def _current(versions, store, at):
    keys = [scope_key(store), "all"]
    found = versions.filter(scope_key__in=keys, status=VersionStatus.APPROVED, effective_from__lte=at).order_by(
        "-effective_from", "-version"
    )
    by_key = {}
    for version in found:
        by_key.setdefault(version.scope_key, version)
    return by_key.get(keys[0]) or by_key.get("all")


def current_policy(kind: str, store, at) -> PolicyVersion:
    """The approved version of `kind` in force for the store at `at`; the store's own beats the shipped one."""
    found = _current(PolicyVersion.objects.filter(kind=kind), store, at)
    # Before the first effective date (imported history) the oldest shipped version is the rule.
    return found or PolicyVersion.objects.filter(kind=kind, scope_key="all").earliest("version")


def policy_history(kind: str, store) -> Callable[[datetime], PolicyVersion]:
    """current_policy for any number of instants, from one query."""
    keys = [scope_key(store), "all"]
    versions = list(
        PolicyVersion.objects.filter(scope_key__in=keys, kind=kind, status=VersionStatus.APPROVED).order_by(
            "-effective_from", "-version"
        )
    )

    def at(instant: datetime) -> PolicyVersion:
        for key in keys:
            for version in versions:
                if version.scope_key == key and version.effective_from <= instant:
                    return version
        return min((version for version in versions if version.scope_key == "all"), key=lambda found: found.version)

    return at


def current_calendar(store, at) -> CalendarVersion:
    """The approved calendar in force for the store at `at`."""
    found = _current(CalendarVersion.objects.all(), store, at)
    return found or CalendarVersion.objects.filter(scope_key="all").earliest("version")


def business_calendar(version: CalendarVersion, store, *, strict: bool = True) -> BusinessCalendar:
    """The calendar as the pure class, in the store's zone.

    strict: years without data raise CalendarYearMissing; otherwise they are reckoned without holidays,
    which POLICY section 3 asks for where a registration must not stop.
    """
    data = version.data
    return BusinessCalendar(
        store.timezone,
        {int(day): [tuple(window) for window in windows] for day, windows in data["opening_hours"].items()},
        holidays=data.get("holidays", ()),
        workdays=data.get("workdays", ()),
        years=data.get("years") if strict else None,
        workday_hours=[tuple(window) for window in data["workday_hours"]] if data.get("workday_hours") else None,
    )


def national_calendar(version: CalendarVersion, store, *, strict: bool = True) -> BusinessCalendar:
    """Working days Monday to Friday with the version's holidays and make-up days: for stores on the elapsed clock."""
    data = version.data
    return national_workdays(
        store.timezone, data.get("holidays", ()), data.get("workdays", ()), data.get("years") if strict else None
    )


def working_days(store, at, *, strict: bool = False) -> BusinessCalendar:
    """What counts the store's working days: its opening days, on the elapsed clock the nation's Monday to Friday.

    strict: as business_calendar; by default a year without data counts without holidays.
    """
    version = current_calendar(store, at)
    reckon = national_calendar if store.clock == Clock.ELAPSED else business_calendar
    return reckon(version, store, strict=strict)
