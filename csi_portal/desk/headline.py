"""The one sentence that heads Today: what waits, what is late."""

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def headline(panels: list[dict]):
    """A sentence (safe HTML) from the panels' own clauses (`headline`), else from their counts."""
    clauses = [panel["headline"] for panel in panels if panel.get("headline")]
    if clauses:
        # two clauses are a sentence, three are a list nobody reads
        return format_html_join(_("; "), "{}", ((clause,) for clause in clauses[:2]))
    count = sum(panel.get("count") or 0 for panel in panels)
    if not count:
        return _("Nothing waits for you right now")
    words = ngettext("%(n)d thing to do", "%(n)d things to do", count) % {"n": count}
    overdue = sum(int(panel.get("overdue") or 0) for panel in panels)
    if not overdue:
        return words
    late = ngettext("%(n)d overdue", "%(n)d overdue", overdue) % {"n": overdue}
    return format_html("{}{}<em>{}</em>", words, _(", "), late)
