"""The component tags: exact words and shapes, and nothing a person typed comes out as HTML."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from csi_portal.organization import markup
from csi_portal.organization.pictures import picture
from csi_portal.organization.tests.gallery import NOW, SHANGHAI, view

EVIL = "<script>alert('1')</script>"


@pytest.mark.parametrize(
    ("minutes", "extra", "state", "mark"),
    [
        (72, {}, "ok", "due-ring"),
        (28, {}, "warn", "due-ring"),
        (28, {"closes": 5}, "warn", "bi-sunrise"),
        (130, {"closes": 5}, "ok", "bi-clock"),
        (-35, {}, "over", "bi-exclamation-triangle-fill"),
        (-5, {"met": -10}, "done", "bi-check-circle-fill"),
        (-60, {"met": -10}, "late", "bi-check-circle"),
    ],
)
def test_due_chip_has_word_colour_and_shape(minutes, extra, state, mark):
    chip = markup.due_chip(view(minutes, **extra))
    assert chip.startswith(f'<time class="due due-{state}" datetime="')
    assert mark in chip
    assert ("data-due-at" in chip) == ("met" not in extra)


def test_due_chip_hands_its_thresholds_to_the_script():
    chip = markup.due_chip(view(28))
    due_ms = int((NOW + timedelta(minutes=28)).timestamp() * 1000)
    assert f'data-due-at="{due_ms}" data-warn-at="{due_ms - 3600_000}" data-left="12" data-count="1"' in chip
    assert "Only <b>28</b> min left" in chip
    assert 'datetime="2026-11-21T06:48:00Z"' in chip


def test_due_chip_far_away_is_plain_words():
    chip = markup.due_chip(view(3000))
    assert chip.endswith("><span>By 16:20 on Mon</span></time>")
    assert 'data-count=""' in chip


def test_due_chip_opens_to_how_it_was_reckoned():
    chip = markup.due_chip(view(28), large=True, why=["first", EVIL])
    assert chip.startswith('<details class="due-pop menu"><summary><time class="due due-warn due-lg"')
    assert '<p class="strong">Due 2026-11-21 Sat 14:48 · counted in elapsed time</p><p>first</p>' in chip
    assert "<script" not in chip
    assert markup.due_chip(view(28), why="one line").count("<p>") == 1


def test_no_deadline_no_chip():
    assert markup.due_chip(None) == ""


def test_level_badge():
    assert markup.level("major").count("class=on") == 3
    assert markup.level("major").startswith('<span class="level level-major">')
    assert markup.level("grumble").count("class=on") == 1
    assert markup.level("general").endswith("</svg>General complaint</span>")
    assert markup.level(EVIL).count("class=on") == 0
    assert "<script" not in markup.level(EVIL)
    with translation.override("zh-hans"):
        assert [markup.level_words(code) for code in ("grumble", "general", "major")] == [
            "抱怨",
            "一般投诉",
            "重大投诉",
        ]


@pytest.mark.parametrize(
    ("name", "initial"),
    [
        ("例建国", "国"), ("例小马 先生", "马"), ("Li Jianguo", "LJ"), ("Madonna", "M"), ("", "?"), ("  ", "?"),
        ("王", "王"), ("li", "L"),
    ],
)  # fmt: skip
def test_initial_of_a_name(name, initial):
    assert markup.initial_of(name) == initial


def test_person_from_object_mapping_text_and_nobody():
    employee = SimpleNamespace(name="例小马", pk=7)
    assert markup.person(employee, "机电班组") == (
        '<span class="person"><span class="mark mark-4" aria-hidden="true">马</span>'
        '<span class="person-name">例小马</span><span class="person-sub">机电班组</span></span>'
    )
    user = SimpleNamespace(pk=1, get_full_name=lambda: "", get_username=lambda: "agent1")
    assert '<span class="person-name">agent1</span>' in markup.person(user)
    frame_person = {"name": "例建国", "position": "售后经理", "initial": "建", "tint": 2}
    assert '<span class="mark mark-3 mark-lg" aria-hidden="true">建</span>' in markup.person(frame_person, large=True)
    assert '<span class="person-two"><span class="person-name">例建国</span>' in markup.person(frame_person, two=True)
    for nobody in (None, ""):
        assert "mark-0" in markup.person(nobody)
        assert "Not assigned" in markup.person(nobody)
    assert "<script" not in markup.person(EVIL, EVIL) + markup.person({"name": EVIL, "initial": EVIL, "sub": EVIL})


@pytest.mark.parametrize(
    ("plate", "painted"),
    [
        ("测A00001", "测A·00001"), ("测A·00001", "测A·00001"), ("测AD12345", "测A·D12345"), ("测A 00001", "测A·00001"),
        ("WJ01234", "WJ01234"), ("", ""), (None, ""),
    ],
)  # fmt: skip
def test_plate_as_painted(plate, painted):
    assert markup.plate_text(plate) == painted


def test_car_shows_plate_and_model():
    vehicle = SimpleNamespace(plate="测A00002", model="示例 S5")
    assert markup.car(vehicle) == (
        '<span class="car"><span class="plate">测A·00002</span><span class="car-model">示例 S5</span></span>'
    )
    assert markup.car(vehicle, model=False) == '<span class="car"><span class="plate">测A·00002</span></span>'
    assert markup.car(SimpleNamespace(plate="", model="示例 S5")).count("plate") == 0
    assert markup.car(None) == ""
    assert "<script" not in markup.car(EVIL)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("19900000001", "199-****-0001"), ("199 0000 0001", "199-****-0001"), ("+86 199 0000 0001", "861****01"),
        ("021-00001234", "021****34"), ("12315", "***15"), ("12", "**"), ("", "–"), (None, "–"),
    ],
)  # fmt: skip
def test_phone_is_masked(number, masked):
    assert markup.mask_phone(number) == masked


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(94995, 1000), "95.00"), (Fraction(94994, 1000), "94.99"), (Decimal("94.995"), "95.00"),
        (100, "100.00"),
        (Fraction(1, 3), "0.33"), (Fraction(0), "0.00"), (Decimal("-0.86"), "−0.86"), (Decimal("-0.001"), "0.00"),
        (None, "–"),
    ],
)  # fmt: skip
def test_score_has_two_decimals_half_up(value, text):
    assert markup.score_text(value) == text


def test_score_stands_beside_its_n_and_opens():
    assert markup.score(Decimal("93.18"), 46, "/parts/") == (
        '<span class="score-wrap"><span class="score"><a href="/parts/">93.18</a></span>'
        ' <span class="score-n">n=46</span></span>'
    )


def test_small_sample_shows_no_figure():
    assert markup.score(Decimal("93.18"), 4) == (
        '<span class="score-few">Insufficient sample <span class="score-n">n=4</span></span>'
    )
    assert "93.18" in markup.score(Decimal("93.18"), 5)
    assert "93.18" in markup.score(Decimal("93.18"), 4, few=False)
    assert "93.18" not in markup.score(Decimal("93.18"), 50, few=True)
    assert markup.score(None, 0, "/parts/").count('href="/parts/"') == 1
    assert markup.score(None) == '<span class="score-few">– </span>'


def test_change_is_a_shape_not_a_colour_of_harm():
    assert markup.delta(Decimal("-0.86")) == '<span class="delta"><i role="img" aria-label="down">▼</i>0.86</span>'
    assert markup.delta(Decimal("1.2")) == '<span class="delta delta-up"><i role="img" aria-label="up">▲</i>1.20</span>'
    assert markup.delta(Fraction(1, 1000)) == '<span class="delta"><i aria-hidden="true">=</i>0.00</span>'
    assert markup.delta(None) == ""


def test_band():
    assert [markup.band(rank).count("class=on") for rank in (1, 2, 3)] == [1, 2, 3]
    assert markup.band(1).startswith('<span class="band band-low">')
    assert markup.band(None) == ""


def test_spark_line_stays_inside_its_box_and_leaves_gaps_out():
    line = markup.spark([91, None, 100, 80], target=95)
    points = line.split('points="')[1].split('"')[0].split()
    assert [point.split(",")[0] for point in points] == ["2.0", "55.3", "82.0"]
    assert all(4 <= float(point.split(",")[1]) <= 24 for point in points)
    assert 'class="g"' in line
    assert 'points="2.0,14.0 82.0,14.0"' in markup.spark([90, 90])
    assert markup.spark([None, 90]) == ""
    assert markup.spark([]) == ""


@pytest.mark.parametrize(
    ("amount", "signed", "text"),
    [
        (Decimal("1000"), False, "¥1,000.00"), (Decimal("1150"), True, "+¥1,150.00"),
        (Decimal("-200"), True, "−¥200.00"),
        (Decimal("-200.5"), False, "−¥200.50"), (0, True, "¥0.00"), (Decimal("0.005"), False, "¥0.01"),
        (None, True, "–"),
    ],
)  # fmt: skip
def test_money_in_words(amount, signed, text):
    assert markup.yuan_text(amount, signed=signed) == text
    red = amount is not None and amount < 0
    assert markup.money(amount, signed) == f'<span class="money{" money-neg" if red else ""}">{text}</span>'


def test_when_is_absolute_on_hover():
    assert markup.when(NOW - timedelta(minutes=5), NOW, SHANGHAI) == (
        '<time datetime="2026-11-21T06:15:00Z" title="2026-11-21 Sat 14:15">5 min ago</time>'
    )
    assert markup.when(date(2026, 11, 25), NOW, SHANGHAI) == (
        '<time datetime="2026-11-25" title="2026-11-25">11-25</time>'
    )
    late_in_utc = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)  # the first of January in China
    assert markup.when(date(2027, 1, 2), late_in_utc, ZoneInfo("Asia/Shanghai")).endswith(">01-02</time>")
    assert markup.when(None, NOW, SHANGHAI) == "–"


def test_words_in_badges_are_escaped():
    assert markup.status_badge("Closed", "done") == '<span class="status status-done">Closed</span>'
    assert markup.status_badge("Registered") == '<span class="status">Registered</span>'
    assert "<script" not in markup.status_badge(EVIL, "live") + markup.tag(EVIL) + markup.icon("x", EVIL)


def test_unknown_picture_is_an_error():
    assert picture("done").startswith("<svg viewBox=")
    with pytest.raises(KeyError):
        picture("nothing")
