"""What an evidence key names: its number on paper and its page.

Keys: `form:<number>`, `board:<kind>:<month>:<department>`, `hand:<id>:<reference>`.
"""

from django.urls import NoReverseMatch, reverse

from csi_portal.organization.markup import DASH


def evidence_number(evidence_key: str) -> str:
    """What stands on the sheet: a form's number, `SSI 2026-11` for a score, the reference given by hand."""
    what, _colon, rest = evidence_key.partition(":")
    if what == "board":
        kind, month, _department = rest.split(":")
        return f"{kind.upper()} {month}"
    if what == "hand":
        return rest.partition(":")[2] or DASH
    return rest


def evidence_url(evidence_key: str) -> str:
    """The page of the evidence; empty where it has none."""
    what, _colon, rest = evidence_key.partition(":")
    if what == "form":
        try:
            return reverse("complaints:detail", args=[rest])
        except NoReverseMatch:
            return ""
    return ""
