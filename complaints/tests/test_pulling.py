"""The call desk asks, this floor judges at the time it happened (POLICY section 3)."""

from datetime import timedelta

import pytest

from complaints.models import Alert, ContactTry
from complaints.services import pulling
from complaints.tests.conftest import T0, live
from csi_portal.organization import hooks
from surveys.models import Answer, Attempt, Callback, Outcome, Question, Response

MINUTE = timedelta(minutes=1)


@pytest.fixture
def waiting(room):
    """A resolved form and its row in the call queue."""
    form = room.bring(room.register(customer=room.customer), "resolved")
    return form, Callback.objects.get()


def answer(callback, agent, overall, at, comment="") -> Response:
    """What the call desk stores when the complaint questionnaire is submitted."""
    version = callback.questionnaire.versions.get(status="published")
    response = Response.objects.create(
        store=callback.store,
        callback=callback,
        version=version,
        agent=agent,
        completed_at=at,
        is_complete=True,
        counted=True,
        comment=comment,
    )
    question = Question.objects.get(section__version=version, key="overall")
    Answer.objects.create(store=callback.store, response=response, question=question, points=overall * 20)
    return response


def attempt(callback, agent, code, at) -> Attempt:
    return Attempt.objects.create(
        store=callback.store,
        callback=callback,
        agent=agent,
        dialled_at=at,
        ended_at=at,
        outcome=Outcome.objects.get(code=code),
        half_day="unused",
    )


def test_a_satisfied_answer_completes_the_callback_when_it_was_given(room, waiting):
    form, callback = waiting
    given = room.at(hours=1)
    response = answer(callback, room.agent, 5, given)
    assert pulling.pull(room.at(hours=3)) == {"callbacks": 1, "tries": 0}
    form.refresh_from_db()
    assert (form.status, form.callback_overall) == ("called_back", 5)
    step = live(form, "callback")
    assert (step.met_at, step.recorded_at, step.met_by) == (given, room.at(hours=3), room.agent)
    assert form.events.last().detail["evidence"] == f"response:{response.pk}"
    assert live(form, "approval").due_at == given + timedelta(hours=24)
    assert pulling.pull(room.at(hours=4)) == {"callbacks": 0, "tries": 0}


def test_an_answer_in_time_is_no_breach_though_it_was_pulled_late(room, waiting):
    form, callback = waiting
    answer(callback, room.agent, 4, room.at(hours=48))
    pulling.pull(room.at(hours=60))
    assert not form.breaches.filter(deadline__step="callback").exists()


def test_an_unsatisfied_answer_opens_the_next_round_with_the_customers_words(room, waiting):
    form, callback = waiting
    answer(callback, room.agent, 3, room.at(hours=1), comment="味道还在")
    pulling.pull(room.at(hours=1))
    form.refresh_from_db()
    assert form.status == "reissued"
    assert (form.following.summary, form.following.received_at) == ("味道还在", room.at(hours=1))


def test_attempts_become_tries_once(room, waiting):
    form, callback = waiting
    for hours in (1, 6, 24):
        attempt(callback, room.agent, "no_answer", room.at(hours=hours))
    assert pulling.pull(room.at(hours=25)) == {"callbacks": 0, "tries": 3}
    assert pulling.pull(room.at(hours=25)) == {"callbacks": 0, "tries": 0}
    form.refresh_from_db()
    assert (form.status, live(form, "callback").met_how) == ("called_back", "not_reached")
    assert live(form, "callback").met_at == room.at(hours=24)
    assert ContactTry.objects.filter(attempt__isnull=False).count() == 3
    answer(callback, None, 5, room.at(days=3))  # the link, after all
    assert pulling.pull(room.at(days=3))["callbacks"] == 1
    form.refresh_from_db()
    assert (form.callback_satisfied, form.status) == (True, "called_back")


def test_a_refusal_at_the_call_desk_meets_the_step(room, waiting):
    form, callback = waiting
    attempt(callback, room.agent, "refusal", room.at(hours=1))
    pulling.pull(room.at(hours=1))
    form.refresh_from_db()
    assert live(form, "callback").met_how == "refused"


def test_reached_without_a_verdict_leaves_the_step_open(room, waiting):
    form, callback = waiting
    attempt(callback, room.agent, "appointment", room.at(hours=1))
    pulling.pull(room.at(hours=1))
    assert form.tries.get().result == "reached"
    assert live(form, "callback").met_at is None


def test_a_person_blamed_is_not_the_one_who_judged(room):
    form = room.register(customer=room.customer, responsible=room.person(room.agent), by=room.care_manager)
    room.do(form, "transfer", by=room.care_manager, now=T0 + MINUTE)
    room.do(form, "resolution", now=T0 + 2 * MINUTE)
    answer(Callback.objects.get(), room.agent, 5, room.at(hours=1))
    pulling.pull(room.at(hours=1))
    assert live(form, "callback").met_by is None
    assert live(form, "callback").met_at == room.at(hours=1)


def test_answers_of_other_lines_and_stores_are_left_alone(room, waiting):
    form, callback = waiting
    Callback.objects.filter(pk=callback.pk).update(line_key="service_follow_up")
    callback.refresh_from_db()
    answer(callback, room.agent, 5, room.at(hours=1))
    assert pulling.pull(room.at(hours=1)) == {"callbacks": 0, "tries": 0}
    assert live(form, "callback").met_at is None


def test_the_doorbell_and_the_sweep_both_look(room, waiting):
    assert hooks.listeners("response")["complaint_callbacks"] is pulling.pull_now
    assert hooks.listeners("attempt")["complaint_callbacks"] is pulling.pull_now
    form, callback = waiting
    answer(callback, room.agent, 5, room.at(hours=47))
    hooks.sweeps()["deadlines"](room.at(hours=49))
    form.refresh_from_db()
    assert form.status == "called_back"
    # pulled before the alerts were judged: nobody is asked for a callback that was made
    assert not Alert.objects.filter(deadline__step="callback").exists()
