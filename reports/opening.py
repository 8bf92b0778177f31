"""What a score is made of, as the pages show it: questions by factor, and single answers a page at a time."""

from django.utils.translation import gettext as _

from csi_portal.organization import markup, permissions
from reports.models import LineKind
from reports.presentation import line_name
from reports.queries import parts
from reports.reader import Reader

ANSWERS_A_PAGE = 30


def opened(reader: Reader, lines, key: str, answers) -> dict:
    """The parts of the line that is open, if the reader may open it."""
    line = next((one for one in lines if one.subject_key == key), None)
    if line is None or not reader.may_open(line):
        return {}
    found = parts.factors(line)
    return {
        "open": {
            "key": key,
            "is_store": line.line_kind == LineKind.STORE,
            "name": line_name(line),
            "score": "" if line.score is None else markup.score_text(line.score),
            "n": line.n,
            "factors": [
                {
                    "title": factor.title,
                    "score": markup.score_text(factor.score),
                    "parts": [
                        {
                            "text": part.text,
                            "percent": round(part.score),
                            "score": markup.score_text(part.score),
                            "n": part.n,
                            "low": part.low,
                        }
                        for part in factor.parts
                    ],
                }
                for factor in found
            ],
            "answers_url": answers(line) if line.n and reader.may_see_answers(line) else "",
        }
    }


def answers_context(reader: Reader, line, start: int, url) -> dict:
    """The single responses behind a line, newest first, a page at a time from the frozen list."""
    total = len(parts.response_ids(line))
    start = max(0, min(start, total - 1))
    identified = permissions.can(reader.user, "surveys.view_visits", reader.store)
    found = parts.singles(line, start, ANSWERS_A_PAGE)
    older, newer = start + ANSWERS_A_PAGE, max(0, start - ANSWERS_A_PAGE)
    return {
        "line": line,
        "name": line_name(line),
        "score": "" if line.score is None else markup.score_text(line.score),
        "responses": [_response_row(single, identified) for single in found],
        "pager": {
            "older_url": f"{url}from={older}" if older < total else "",
            "newer_url": f"{url}from={newer}" if start else "",
            "note": _("%(first)s to %(last)s of %(n)s") % {"first": start + 1, "last": min(older, total), "n": total},
        },
    }


def _response_row(single, identified: bool) -> dict:
    response = single.response
    visit = response.callback.visit
    return {
        "at": response.completed_at,
        "channel": response.get_channel_display(),
        "score": markup.score_text(single.score),
        "low": any(low for *_rest, low in single.answers),
        "number": visit.number if visit and identified else "",
        "customer": response.callback.customer.name if identified else "",
        "car": visit.vehicle if visit and identified else None,
        "adviser": visit.advisor.name if visit and visit.advisor else (visit.advisor_name if visit else ""),
        "answers": [
            {"question": question, "said": said, "points": points, "low": low}
            for question, said, points, low in single.answers
        ],
        "comment": response.comment if identified else "",
    }
