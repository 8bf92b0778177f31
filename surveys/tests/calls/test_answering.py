"""Answers on plain values: what is shown, missing, low; the score is scoring.response_score of what counts."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from surveys import scoring
from surveys.answering import Asked, Given, judge, points_of, problem_of, visible_keys

SCALE = {str(value): 20 * value for value in range(1, 6)}
YES_NO = {"yes": 100, "no": 0}


def rating(key: str, **values) -> Asked:
    return Asked(key=key, kind="rating5", options=SCALE, **values)


def five(value: int, **values) -> Given:
    return Given(options=(str(value),), **values)


def test_a_hidden_question_does_not_count_and_does_not_block():
    questions = [
        Asked("use", "yes_no", YES_NO, mandatory=True),
        rating("why", mandatory=True, show_if={"question": "use", "op": "in", "value": ["no"]}),
    ]
    fine = judge(questions, {"use": Given(options=("yes",)), "why": five(1)})
    assert (fine.visible, fine.missing, fine.low, fine.score) == (("use",), (), (), Fraction(100))
    bad = judge(questions, {"use": Given(options=("no",))})
    assert (bad.visible, bad.missing, bad.low, bad.score) == (("use", "why"), ("why",), ("use",), Fraction(0))


def test_what_hangs_on_a_hidden_question_is_hidden_too():
    questions = [
        Asked("a", "yes_no", YES_NO),
        Asked("b", "yes_no", YES_NO, show_if={"question": "a", "op": "in", "value": ["no"]}),
        rating("c", show_if={"question": "b", "op": "lte", "value": 60}),
    ]
    answers = {"a": Given(options=("yes",)), "b": Given(options=("no",)), "c": five(1)}
    assert visible_keys(questions, answers) == ("a",)
    assert visible_keys(questions, answers | {"a": Given(options=("no",))}) == ("a", "b", "c")


@pytest.mark.parametrize(("value", "shown"), [(3, True), (4, False)])
def test_detail_is_asked_where_an_answer_is_low(value, shown):
    questions = [rating("overall"), rating("detail", show_if={"question": "overall", "op": "lte", "value": 60})]
    assert ("detail" in visible_keys(questions, {"overall": five(value)})) is shown


def test_not_applicable_neither_scores_nor_blocks():
    questions = [rating("a", mandatory=True), rating("b", weight=3)]
    judged = judge(questions, {"a": Given(not_applicable=True), "b": five(4)})
    assert (judged.missing, judged.score, judged.points) == ((), Fraction(80), {"a": None, "b": 80})


@pytest.mark.parametrize(("value", "low"), [(1, True), (3, True), (4, False), (5, False)])
def test_sixty_points_are_low(value, low):
    assert (judge([rating("a")], {"a": five(value)}).low == ("a",)) is low


def test_the_agents_judgement_makes_an_answer_low():
    assert judge([rating("a")], {"a": five(5, low=True)}).low == ("a",)


def test_the_short_form_demands_only_its_own_questions():
    questions = [rating("a", mandatory=True), rating("b", mandatory=True, on_short_form=True)]
    assert judge(questions, {}).missing == ("a", "b")
    assert judge(questions, {}, short=True).missing == ("b",)


@pytest.mark.parametrize(
    ("question", "given", "problem"),
    [
        (rating("a"), five(3), ""),
        (rating("a"), Given(options=("6",)), "unknown_option"),
        (rating("a"), Given(options=("3", "4")), "one_option_only"),
        (Asked("a", "multiple", {"x": None, "y": None}), Given(options=("x", "y")), ""),
        (rating("a", allow_na=False), Given(not_applicable=True), "na_not_allowed"),
        (Asked("a", "text"), Given(text="words"), ""),
        (Asked("a", "text"), Given(options=("1",)), "not_a_choice"),
        (Asked("a", "number"), Given(number=Decimal(7)), ""),
    ],
)
def test_answers_that_do_not_fit(question, given, problem):
    assert problem_of(question, given) == problem


def test_several_scored_options_count_by_their_mean_half_up():
    question = Asked("a", "multiple", {"x": 100, "y": 45, "z": None})
    assert points_of(question, Given(options=("x", "y", "z"))) == 73


def test_texts_and_unscored_questions_have_no_points():
    assert judge([Asked("t", "text"), rating("u", scored=False)], {"t": Given(text="x"), "u": five(1)}).score is None


@hypothesis_given(
    st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from(["0", "0.5", "1", "1.5", "2"]), st.booleans()),
        min_size=1,
        max_size=15,
    )
)
def test_the_score_is_the_pure_score_of_what_was_answered(rows):
    questions = [rating(f"q{n}", weight=Decimal(weight)) for n, (_value, weight, _na) in enumerate(rows)]
    answers = {
        f"q{n}": Given(not_applicable=True) if na else five(value) for n, (value, _weight, na) in enumerate(rows)
    }
    expected = scoring.response_score((Decimal(weight), None if na else 20 * value) for value, weight, na in rows)
    assert judge(questions, answers).score == expected
