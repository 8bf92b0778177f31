"""Drafts, submitting, immutability, and what happens to low answers."""

import threading
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import DatabaseError, connection, transaction

from csi_portal.organization.errors import IllegalMove, NotAllowed
from surveys import scoring
from surveys.answering import Given
from surveys.models import Answer, Question, Questionnaire, Response
from surveys.services import calls, queue, responses
from surveys.services.callbacks import create_callback
from surveys.tests.calls.factories import (
    at,
    good_answers,
    make_callback,
    make_customer,
    make_store,
    make_user,
    result,
)

NOW = at("2026-11-21 10:00")


@pytest.fixture
def store(db):
    return make_store()


@pytest.fixture
def agent(store):
    return make_user(store)


@pytest.fixture
def callback(store):
    return make_callback(store)


@pytest.fixture
def token(store, agent, callback):
    return queue.claim_callback(callback, by=agent, now=NOW).token


def five(value: int, **values) -> Given:
    return Given(options=(str(value),), **values)


def save(callback, agent, token, answers, expected, now=NOW, comment=""):
    return responses.save_draft(callback, answers, by=agent, now=now, token=token, expected=expected, comment=comment)


def finish(callback, agent, token, answers, code="completed", expected=0):
    return calls.log_outcome(
        callback, result(code), by=agent, now=NOW, token=token, answers=answers, expected=expected
    ).response


def test_a_draft_keeps_answers_and_counts_its_versions(callback, agent, token):
    first = save(callback, agent, token, {"attitude": five(5)}, 0, comment="急")
    second = save(callback, agent, token, {"attitude": five(2, low_reasons=("cold",), low_note="冷淡")}, 1)
    assert (first.pk, first.version_no, second.version_no) == (second.pk, 1, 2)
    assert responses.given_answers(second) == {
        "attitude": Given(options=("2",), low=True, low_reasons=("cold",), low_note="冷淡")
    }
    row = Answer.objects.get()
    assert (row.points, row.is_low, row.store_id) == (40, True, callback.store_id)


def test_what_is_left_out_is_cleared(callback, agent, token):
    save(callback, agent, token, {"attitude": five(5), "use": Given(options=("yes",))}, 0)
    draft = save(callback, agent, token, {"use": Given(options=("no",))}, 1)
    assert {key: given.options for key, given in responses.given_answers(draft).items()} == {"use": ("no",)}


def test_reasons_vanish_when_the_answer_is_no_longer_low(callback, agent, token):
    save(callback, agent, token, {"attitude": five(2, low_reasons=("cold",), low_note="冷淡")}, 0)
    save(callback, agent, token, {"attitude": five(5, low_reasons=("cold",), low_note="冷淡")}, 1)
    row = Answer.objects.get()
    assert (row.is_low, row.low_reasons, row.low_note) == (False, [], "")


@pytest.mark.parametrize("expected", [0, 2])
def test_a_second_window_is_told_instead_of_overwriting(callback, agent, token, expected):
    save(callback, agent, token, {"attitude": five(5)}, 0)
    with pytest.raises(responses.StaleDraft):
        save(callback, agent, token, {"attitude": five(1)}, expected)
    assert Answer.objects.get().options == ["5"]


def test_the_next_agent_goes_on_where_the_first_stopped(store, callback, agent, token):
    save(callback, agent, token, {"attitude": five(5)}, 0)
    later = NOW + timedelta(minutes=16)
    other = make_user(store)
    claim = queue.claim_next(store, by=other, now=later)
    draft = save(callback, other, claim.token, {"attitude": five(5), "reception": five(4)}, 1, now=later)
    assert (draft.agent, draft.answers.count()) == (other, 2)
    with pytest.raises(queue.LeaseLapsed):
        save(callback, agent, token, {"attitude": five(1)}, 2, now=later)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"nobody": five(1)}, "no such question"),
        ({"attitude": five(6)}, "not possible"),
        ({"overall": Given(not_applicable=True)}, "not possible"),
        ({"attitude": Given(options=("1", "2"))}, "not possible"),
    ],
)
def test_answers_that_cannot_be_are_refused(callback, agent, token, answers, message):
    with pytest.raises(IllegalMove, match=message):
        save(callback, agent, token, answers, 0)
    assert not Response.objects.exists()


def test_the_saved_score_is_the_pure_score(callback, agent, token):
    answers = good_answers(callback, "4") | {
        "reception": five(2),
        "price": Given(not_applicable=True),
        "fixed_first_time": Given(options=("no",)),
        "comment": Given(text="很好"),
    }
    response = finish(callback, agent, token, answers)
    weights = dict(
        Question.objects.filter(version=response.version, key__in=answers, scored=True).values_list("key", "weight")
    )
    points = {"reception": 40, "use": 100, "fixed_first_time": 0, "price": None}
    pairs = [(weight, points.get(key, 80)) for key, weight in weights.items()]
    assert Fraction(response.score_num, response.score_den) == scoring.response_score(pairs)
    stored = [(row.question.weight, row.points) for row in response.answers.select_related("question")]
    assert scoring.response_score(stored) == scoring.response_score(pairs)
    assert (response.has_low_answer, response.counted, response.counts_for) == (True, True, "csi")


def test_hidden_answers_are_left_out(store, agent):
    callback = make_callback(store, key="new_car_follow_up")
    token = queue.claim_callback(callback, by=agent, now=NOW).token
    answers = good_answers(callback) | {"functions": Given(options=("no",)), "functions_wanted": Given(text="互联")}
    save(callback, agent, token, answers, 0)
    answers["functions"] = Given(options=("yes",))
    response = finish(callback, agent, token, answers, expected=1)
    assert "functions_wanted" not in set(response.answers.values_list("question__key", flat=True))
    assert response.is_complete


def test_a_shown_mandatory_question_is_demanded(store, agent):
    callback = make_callback(store, key="new_car_follow_up")
    token = queue.claim_callback(callback, by=agent, now=NOW).token
    with pytest.raises(IllegalMove, match="1 mandatory question is still open"):
        finish(callback, agent, token, good_answers(callback) | {"functions": Given(options=("no",))})


def test_one_response_of_a_callback_counts(callback, agent, token):
    first = finish(callback, agent, token, good_answers(callback))
    second = Response.objects.create(store=callback.store, callback=callback, version=first.version, channel="link")
    for row in first.answers.all():
        row.pk, row.response = None, second
        row.save()
    second = responses.submit_draft(callback, second, by=agent, now=NOW, must_be_complete=True)
    assert (first.counted, second.counted, second.is_complete) == (True, False, True)
    assert list(Response.objects.counted("csi")) == [first]


def test_a_submitted_answer_is_immutable(callback, agent, token):
    response = finish(callback, agent, token, good_answers(callback, "4"))
    with pytest.raises(responses.StaleDraft):
        responses.submit_draft(callback, response, by=agent, now=NOW, must_be_complete=True)
    rows = Answer.objects.filter(response=response)
    for values in ({"points": 100}, {"options": ["5"]}, {"not_applicable": True}):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            rows.update(**values)
    for values in ({"score_num": 100}, {"completed_at": None}, {"has_low_answer": True}):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            Response.objects.filter(pk=response.pk).update(**values)
    # what a customer may ask to have erased can be erased
    rows.update(text="", low_note="")


def test_low_answers_wait_for_a_form_or_a_reason(store, callback, agent, token):
    response = finish(callback, agent, token, good_answers(callback, "2"))
    assert list(Response.objects.low_open()) == [response]
    with pytest.raises(IllegalMove, match="why no complaint"):
        responses.state_no_complaint(response, reason="  ", by=agent, now=NOW)
    with pytest.raises(NotAllowed):
        responses.state_no_complaint(response, reason="x", by=make_user(store, "finance"), now=NOW)
    responses.state_no_complaint(response, reason="客户不要求处理", by=agent, now=NOW)
    response.refresh_from_db()
    assert (response.low_settled_at, response.no_complaint_reason) == (NOW, "客户不要求处理")
    with pytest.raises(IllegalMove, match="already"):
        responses.mark_complaint_opened(response, now=NOW)


def test_a_complaint_form_ticks_low_answers_off(callback, agent, token):
    response = finish(callback, agent, token, good_answers(callback, "2"))
    assert responses.mark_complaint_opened(response, now=NOW).low_settled_at == NOW
    assert not Response.objects.low_open().exists()


def test_an_unsatisfied_complaint_callback_leaves_no_open_end(store, agent):
    callback = create_callback(
        store, line_key="complaint_callback", subject_key="complaint:7", customer=make_customer(store),
        questionnaire_code="complaint", due_on=date(2026, 11, 21), now=NOW,
    )  # fmt: skip
    token = queue.claim_callback(callback, by=agent, now=NOW).token
    response = finish(callback, agent, token, {"overall": five(2)})
    assert (response.has_low_answer, response.low_settled_at, response.counts_for) == (True, NOW, "")


def test_a_complaint_in_the_call_gives_a_response_to_hang_it_on(callback, agent, token):
    logged = calls.log_outcome(
        callback, result("to_complaint", note="等太久"), by=agent, now=NOW, token=token, answers={}, expected=0
    )
    response = logged.response
    assert (response.is_complete, response.counted, response.score_num) == (False, False, None)
    assert (response.comment, list(Response.objects.low_open())) == ("等太久", [response])


@pytest.mark.django_db(transaction=True)
def test_two_saves_of_one_version_at_once_keep_one():
    store = make_store()
    agent = make_user(store)
    callback = make_callback(store)
    token = queue.claim_callback(callback, by=agent, now=NOW).token
    save(callback, agent, token, {}, 0)
    found, barrier = [], threading.Barrier(4)

    def work(value):
        try:
            barrier.wait()
            save(callback, agent, token, {"attitude": five(value)}, 1)
            found.append("saved")
        except responses.StaleDraft:
            found.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(value,)) for value in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["saved", "stale", "stale", "stale"]
    assert Response.objects.get().version_no == 2


# -- what is shipped


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["service", "sales", "new_car", "complaint", "product"])
def test_shipped_questionnaires_are_whole_in_both_languages(code):
    version = Questionnaire.objects.get(scope_key="all", code=code).versions.get(status="published")
    assert version.intro_zh and version.intro_en
    questions = responses.questions_of(version)
    assert len({one.key for one in questions}) == len(questions)
    for one in questions:
        assert one.text_zh and one.text_en and one.script_zh and one.script_en
        labels = [(option.label_zh, option.label_en) for option in one.options.all()]
        assert all(zh and en for zh, en in labels)
        if one.kind in scoring.SCALES:
            assert len(labels) == len(scoring.SCALES[one.kind])
            assert {option.points for option in one.options.all()} == set(scoring.SCALES[one.kind].values())
            assert one.low_reasons and all(row["zh"] and row["en"] for row in one.low_reasons)
    assert [one.key for one in questions if one.key == "overall" and one.mandatory] == ["overall"]
    assert 3 <= sum(one.on_short_form for one in questions) <= 7


@pytest.mark.django_db
def test_mandatory_questions_are_those_of_the_policy():
    def mandatory(code):
        questions = Question.objects.filter(version__questionnaire__code=code, mandatory=True)
        return set(questions.values_list("key", flat=True))

    assert mandatory("sales") == {
        "consultant_knowledge", "consultant_attitude", "consultant_follow_up", "explanation", "handover_clean",
        "four_explanations", "service_introduction", "overall",
    }  # fmt: skip
    assert mandatory("service") == {"use", "reception", "attitude", "repair_quality", "overall"}
    assert mandatory("complaint") == {"overall"}
