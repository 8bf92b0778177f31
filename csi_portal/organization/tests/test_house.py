"""The house stands: floors, migrations, pins, and a Chinese word for everything said."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.utils.translation.template import templatize
from importlinter.cli import lint_imports

ROOT = settings.BASE_DIR
CATALOGUE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"

# --- floors, migrations, pins ---------------------------------------------------------------------------------------


def test_a_lower_floor_never_imports_a_higher_one(capsys):
    status = lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.django_db
def test_no_model_changed_without_a_migration():
    call_command("makemigrations", "--check", "--dry-run", verbosity=1)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name):
    lines = (ROOT / name).read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert wanted
    assert [line for line in wanted if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", line)] == []


# --- Chinese --------------------------------------------------------------------------------------------------------

_GETTEXT = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_CONTEXT = {"pgettext", "pgettext_lazy"}
_CONTEXT_PLURAL = {"npgettext", "npgettext_lazy"}
_LITERAL = r"u?('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
_TEMPLATE_CALL = re.compile(rf"\b(_|n?p?gettext)\(\s*{_LITERAL}(?:\s*,\s*{_LITERAL})?")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]")

# What the source says: (context, words).
Said = tuple[str | None, str]


def own_folders() -> list[Path]:
    return [Path(config.path) for config in apps.get_app_configs() if Path(config.path).is_relative_to(ROOT / "")]


def python_files() -> Iterator[Path]:
    for folder in {ROOT / folder.relative_to(ROOT).parts[0] for folder in own_folders() if ".venv" not in str(folder)}:
        yield from (path for path in folder.rglob("*.py") if not {"tests", "migrations"} & set(path.parts))


def said_in_python(path: Path) -> Iterator[Said]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        words = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if name in _GETTEXT | _PLURAL and words:
            yield None, words[0]
        elif name in _CONTEXT | _CONTEXT_PLURAL and len(words) > 1:
            yield words[0], words[1]


def said_in_template(path: Path) -> Iterator[Said]:
    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for call in _TEMPLATE_CALL.finditer(source):
        first, second = ast.literal_eval(call[2]), call[3] and ast.literal_eval(call[3])
        yield (first, second) if "p" in call[1].removeprefix("n") else (None, first)


def everything_said() -> dict[Said, Path]:
    found = {}
    for path in python_files():
        found |= dict.fromkeys(said_in_python(path), path.relative_to(ROOT))
    for path in (ROOT / "templates").rglob("*.html"):
        found |= dict.fromkeys(said_in_template(path), path.relative_to(ROOT))
    return found


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def test_the_source_is_read_well():
    said = set(everything_said())
    assert (None, "Care agent") in said  # Python
    assert (None, "Skip to content") in said  # a template


def test_everything_said_has_its_chinese(catalogue):
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete and entry.translated()}
    missing = {said: str(path) for said, path in everything_said().items() if said[1] and said not in known}
    assert missing == {}


def test_nothing_said_is_put_together_before_it_is_translated():
    """The catalogue knows sentences with named placeholders, not what an f-string makes of them."""
    says = _GETTEXT | _PLURAL | _CONTEXT | _CONTEXT_PLURAL
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in says
        if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in node.args)
    ]
    assert found == []


def test_no_translation_is_fuzzy(catalogue):
    assert [entry.msgid for entry in catalogue if entry.fuzzy] == []


def test_translations_keep_their_placeholders(catalogue):
    def kept(entry, text: str) -> bool:
        wanted = set(_PLACEHOLDER.findall(entry.msgid_plural or entry.msgid)) - {"%%"}
        return set(_PLACEHOLDER.findall(text)) - {"%%"} <= wanted and (
            bool(entry.msgid_plural) or set(_PLACEHOLDER.findall(text)) - {"%%"} == wanted
        )

    entries = [entry for entry in catalogue if "python-format" in entry.flags or _PLACEHOLDER.search(entry.msgid)]
    wrong = {
        entry.msgid: text
        for entry in entries
        for text in ([entry.msgstr] if not entry.msgid_plural else entry.msgstr_plural.values())
        if text and not kept(entry, text)
    }
    assert entries
    assert wrong == {}


def test_the_compiled_catalogue_is_fresh(catalogue):
    assert CATALOGUE.with_suffix(".mo").read_bytes() == catalogue.to_binary()
