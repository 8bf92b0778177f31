"""What the complaints floor ships: the table of deadlines, and the trees of categories and causes."""

from pathlib import Path

from csi_portal.organization import defaults
from csi_portal.organization.enums import PolicyKind

from ..deadlines import DEFAULT_POLICY
from ..enums import CategoryKind


def load() -> None:
    """Bring what is missing; a row that exists stays as the store made it."""
    from ..models import Category  # loaded only after the registry is ready

    defaults.ship_policy(PolicyKind.DEADLINES, DEFAULT_POLICY)
    trees = defaults.shipped("trees.json", Path(__file__).parent)
    for kind, file_key in ((CategoryKind.CATEGORY, "categories"), (CategoryKind.CAUSE, "causes")):
        known = {row.code: row for row in Category.objects.filter(scope_key="all", kind=kind)}
        position = 0
        for branch in trees[file_key]:
            position += 10
            parent = _row(Category, known, kind, branch, None, position)
            for twig in branch.get("children", ()):
                position += 1
                _row(Category, known, kind, {"department": branch.get("department", "")} | twig, parent, position)


def _row(model, known, kind, data, parent, position):
    code = data["code"]
    if code not in known:
        known[code] = model.objects.create(
            kind=kind,
            code=code,
            parent=parent,
            position=position,
            label_zh=data["zh"],
            label_en=data["en"],
            department=data.get("department", ""),
            trade=data.get("trade", ""),
        )
    return known[code]
