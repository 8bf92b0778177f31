"""What a due time says, word for word, in both languages."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from csi_portal.organization.due import by_clock, due_view, left_percent, span, span_words, weekday_short, when_text

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)  # Saturday 14:20 in China


def local(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def view(due: datetime, warn: datetime | None = None, now: datetime = NOW, **extra):
    extra.setdefault("met_at", None)
    return due_view(warn_at=warn, due_at=due, now=now, tz=SHANGHAI, **extra)


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FAR = NOW + 100 * 24 * HOUR

# due, warn, extra -> state, Chinese, English
OPEN = [
    (NOW + 72 * MINUTE, NOW + MINUTE, {}, "ok", "还剩 1 小时 12 分", "1 h 12 min left"),
    (NOW + 28 * MINUTE, NOW, {}, "warn", "仅剩 28 分", "Only 28 min left"),
    (NOW + 28 * MINUTE, NOW + timedelta(microseconds=1), {}, "ok", "还剩 28 分", "28 min left"),
    (NOW + 2 * HOUR, None, {}, "ok", "还剩 2 小时", "2 h left"),
    (NOW, NOW - HOUR, {}, "warn", "仅剩不到 1 分", "Less than 1 min left"),
    (NOW - timedelta(microseconds=1), NOW - HOUR, {}, "over", "刚超时", "Just overdue"),
    (NOW - 35 * MINUTE, NOW - HOUR, {}, "over", "超时 35 分", "35 min overdue"),
    (NOW - 2 * HOUR, None, {}, "over", "超时 2 小时", "2 h overdue"),
    (NOW - 50 * HOUR, None, {}, "over", "超时 2 天 2 小时", "2 d 2 h overdue"),
    (NOW - 72 * HOUR - 59 * MINUTE, None, {}, "over", "超时 3 天", "3 d overdue"),
    (local("2026-11-23 17:30"), FAR, {}, "later", "周一 17:30 前", "By 17:30 on Mon"),
    (local("2026-11-27 09:05"), FAR, {}, "later", "周五 9:05 前", "By 9:05 on Fri"),
    (local("2026-11-28 17:30"), FAR, {}, "later", "11-28 17:30 前", "By 17:30 on 11-28"),
    (local("2027-01-04 10:00"), FAR, {}, "later", "2027-01-04 10:00 前", "By 10:00 on 2027-01-04"),
    (local("2026-11-26 00:00"), FAR, {}, "later", "周三 24:00 前", "By 24:00 on Wed"),
    (local("2026-11-23 17:30"), NOW, {}, "warn", "周一 17:30 前", "By 17:30 on Mon"),
    # the doors close at 18:00: what is due after that is a clock time
    (local("2026-11-22 09:30"), NOW, {"closes_at": local("2026-11-21 18:00")}, "warn", "明早 9:30 前",
     "By 9:30 tomorrow morning"),
    (local("2026-11-22 14:00"), FAR, {"closes_at": local("2026-11-21 18:00")}, "ok", "明天 14:00 前",
     "By 14:00 tomorrow"),
    (local("2026-11-21 20:00"), FAR, {"closes_at": local("2026-11-21 18:00")}, "ok", "今天 20:00 前", "By 20:00 today"),
    (local("2026-11-22 00:00"), FAR, {"closes_at": local("2026-11-21 18:00")}, "ok", "今天 24:00 前", "By 24:00 today"),
    (local("2026-11-21 17:00"), FAR, {"closes_at": local("2026-11-21 18:00")}, "ok", "还剩 2 小时 40 分",
     "2 h 40 min left"),
    (NOW - 35 * MINUTE, NOW, {"closes_at": NOW - HOUR}, "over", "超时 35 分", "35 min overdue"),
]  # fmt: skip


@pytest.mark.parametrize(("due", "warn", "extra", "state", "chinese", "english"), OPEN)
def test_open_deadline_in_words(due, warn, extra, state, chinese, english):
    assert (view(due, warn, **extra).state, view(due, warn, **extra).text) == (state, english)
    with translation.override("zh-hans"):
        assert view(due, warn, **extra).text == chinese


MET = [
    (local("2026-11-21 14:05"), local("2026-11-21 14:10"), "done", "按时 14:05", "On time 14:05", ""),
    (local("2026-11-21 14:10"), local("2026-11-21 14:10"), "done", "按时 14:10", "On time 14:10", ""),
    (local("2026-11-20 15:21"), local("2026-11-20 15:35"), "done", "按时 11-20 15:21", "On time 11-20 15:21", ""),
    (local("2026-11-21 13:26"), local("2026-11-21 13:05"), "late", "超时完成 13:26", "Done late 13:26", "晚 21 分"),
    (local("2025-11-20 17:26"), local("2025-11-20 17:05"), "late", "超时完成 2025-11-20 17:26",
     "Done late 2025-11-20 17:26", "晚 21 分"),
]  # fmt: skip


@pytest.mark.parametrize(("met", "due", "state", "chinese", "english", "late_chinese"), MET)
def test_met_deadline_in_words(met, due, state, chinese, english, late_chinese):
    assert (view(due, met_at=met).state, view(due, met_at=met).text) == (state, english)
    with translation.override("zh-hans"):
        assert (view(due, met_at=met).text, view(due, met_at=met).late_text) == (chinese, late_chinese)


def test_title_tells_due_time_clock_and_reckoning():
    due = local("2026-11-21 15:05")
    with translation.override("zh-hans"):
        shown = view(due, clock="elapsed", why="制度第 3 版")
        assert shown.title == "2026-11-21 周六 15:05 到期 · 按自然时间计算 · 制度第 3 版"
        met = view(due, met_at=local("2026-11-21 14:05"), clock="business")
        assert met.title == "2026-11-21 周六 14:05 完成，限 2026-11-21 周六 15:05 · 按营业时间计算"
    assert view(due).title == "Due 2026-11-21 Sat 15:05"


def test_words_follow_the_store_zone():
    new_york = ZoneInfo("America/New_York")
    due = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # Saturday 22:00 there, Sunday 11:00 in China
    assert by_clock(due, NOW, new_york) == "By 22:00 today"
    assert by_clock(due, NOW, SHANGHAI) == "By 11:00 tomorrow morning"


def test_span_across_a_clock_change_is_the_time_that_really_passes():
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 10, 25, 1, 30, tzinfo=berlin), datetime(2026, 10, 25, 3, 30, tzinfo=berlin)
    shown = due_view(warn_at=None, due_at=after.astimezone(UTC), met_at=None, now=before.astimezone(UTC), tz=berlin)
    assert shown.text == "3 h left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (60, "1 min"), (119.9, "1 min"), (3599, "59 min"), (3600, "1 h"),
        (3660, "1 h 1 min"), (86399, "23 h 59 min"), (86400, "1 d"), (90000, "1 d 1 h"),
    ],
)  # fmt: skip
def test_span_rounds_down(seconds, text):
    assert span(timedelta(seconds=seconds)) == text


def test_countdown_phrases_have_the_placeholders_the_script_fills():
    expected = {"left": "span", "only": "span", "over": "span", "late": "span", "m": "m", "h": "h", "d": "d"}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            words = span_words()
        assert set(words) == expected.keys() | {"hm", "dh", "left_lt", "only_lt", "over_lt", "late_lt"}
        assert all(f"%({name})s" in words[key] for key, name in expected.items())
        assert all(f"%({name})s" in words[key] for key in ("hm", "dh") for name in key)


def test_ring_shows_the_share_left():
    due = NOW + HOUR
    assert left_percent(due, NOW, warn_at=due - 30 * MINUTE) == 50  # warning at 75 %: two hours in all
    assert left_percent(due, NOW, started_at=NOW - 3 * HOUR) == 25
    assert left_percent(due, NOW, started_at=NOW) == 100
    assert left_percent(NOW - HOUR, NOW, warn_at=NOW - 2 * HOUR) == 0
    assert left_percent(due, NOW, started_at=due) == 0
    assert left_percent(due, NOW) == 4  # of a day


WHEN = [
    (NOW, "刚刚", "just now"),
    (NOW - 59 * MINUTE, "59 分钟前", "59 min ago"),
    (NOW - 60 * MINUTE, "今天 13:20", "Today 13:20"),
    (NOW + MINUTE, "今天 14:21", "Today 14:21"),
    (local("2026-11-20 23:59"), "昨天 23:59", "Yesterday 23:59"),
    (local("2026-11-22 00:00"), "明天 00:00", "Tomorrow 00:00"),
    (local("2026-11-19 17:26"), "11-19 17:26", "11-19 17:26"),
    (local("2025-12-31 08:00"), "2025-12-31 08:00", "2025-12-31 08:00"),
]


@pytest.mark.parametrize(("moment", "chinese", "english"), WHEN)
def test_when_in_words(moment, chinese, english):
    assert when_text(moment, NOW, SHANGHAI) == english
    with translation.override("zh-hans"):
        assert when_text(moment, NOW, SHANGHAI) == chinese


def test_weekdays():
    days = [date(2026, 11, 16) + timedelta(days=n) for n in range(7)]
    assert [weekday_short(day) for day in days] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    with translation.override("zh-hans"):
        assert [weekday_short(day) for day in days] == ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]


@pytest.mark.parametrize("name", ["warn_at", "due_at", "met_at", "now", "closes_at", "started_at"])
def test_naive_moment_is_refused(name):
    arguments = {"warn_at": NOW, "due_at": NOW, "met_at": None, "now": NOW, "tz": SHANGHAI, "closes_at": None}
    with pytest.raises(ValueError, match="time zone"):
        due_view(**arguments | {name: datetime(2026, 11, 21, 14, 20)})  # noqa: DTZ001
