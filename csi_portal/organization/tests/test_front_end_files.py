"""What the browser gets: only our own files, unchanged ones from others, no inline script or style, enough contrast."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = sorted(
    path
    for folder in ("templates", "csi_portal", "surveys", "complaints", "reports", "incentives")
    for path in (ROOT / folder).rglob("*.html")
)
OWN_CSS = sorted((STATIC / "css").glob("*.css"))
OWN_JS = sorted((STATIC / "js").glob("*.js"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---------- files of others ----------


def packages() -> list[dict]:
    return json.loads((VENDOR / "manifest.json").read_text())["packages"]


@pytest.mark.parametrize("package", packages(), ids=lambda package: package["name"])
def test_vendored_files_are_those_of_the_manifest(package):
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert re.fullmatch(r"[0-9a-f]{128}", package["tarball_sha512"])
    assert package["licence"] in {"MIT", "0BSD", "Apache-2.0"}
    assert any(name.endswith("/LICENSE") for name in package["files"])
    for name, checksum in package["files"].items():
        assert hashlib.sha512((VENDOR / name).read_bytes()).hexdigest() == checksum, name


def test_nothing_is_vendored_without_a_line_in_the_manifest():
    found = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    listed = {name for package in packages() for name in package["files"]}
    assert found - listed == {"manifest.json", ".gitattributes"}


def test_vendored_files_name_no_missing_file(settings, tmp_path):
    """The hashed storage of production follows every url() and source map; one that is missing stops the start."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    assert "vendor/bootstrap-icons/fonts/bootstrap-icons.woff2" in manifest
    assert "css/tokens.css" in manifest


# ---------- templates ----------

INLINE = [
    (re.compile(r"\sstyle\s*=", re.I), "inline style"),
    (re.compile(r"<style[\s>]", re.I), "style element"),
    (re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I), "inline handler"),
    (re.compile(r"\shx-on", re.I), "inline handler of htmx"),
    (re.compile(r"<script(?![^>]*\ssrc=)[^>]*>", re.I), "script without src"),
    (re.compile(r"javascript:", re.I), "script address"),
    (re.compile(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//", re.I), "address outside the portal"),
]


def without_comments(text: str) -> str:
    return re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", text, flags=re.S)


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_template_has_no_inline_script_style_or_foreign_address(path):
    text = without_comments(path.read_text(encoding="utf-8"))
    assert [word for pattern, word in INLINE if pattern.search(text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_template_names_only_files_and_icons_that_exist(path):
    text = without_comments(path.read_text(encoding="utf-8"))
    for name in re.findall(r"{% static ['\"]([^'\"]+)['\"]", text):
        assert (STATIC / name).is_file(), name
    for name in re.findall(r"\bbi-([a-z0-9-]+)(?![a-z0-9-{])", text) + re.findall(r"{% icon \"([a-z0-9-]+)\"", text):
        assert name in icons(), name


def icons() -> set[str]:
    css = (VENDOR / "bootstrap-icons/bootstrap-icons.min.css").read_text()
    return set(re.findall(r"\.bi-([a-z0-9-]+)::before", css))


@pytest.mark.parametrize("path", sorted((ROOT / "templates/components").glob("*.html")), ids=named)
def test_component_says_what_it_takes(path):
    head = re.match(r"{% comment %}(.*?){% endcomment %}", path.read_text(encoding="utf-8"), re.S)
    assert head, "a component begins with a comment"
    assert re.search(r"Variables?:|No variables", head[1])


# ---------- styles and scripts ----------


@pytest.mark.parametrize("path", OWN_CSS + OWN_JS, ids=named)
def test_styles_and_scripts_fetch_nothing_from_elsewhere(path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|@import|\beval\(|new Function|innerHTML|insertAdjacentHTML", text) == []


@pytest.mark.parametrize("path", OWN_CSS, ids=named)
def test_styles_use_only_tokens_and_run_on_chromium_109(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert (
        re.findall(r"color-mix\(|subgrid|@container|@layer|:has\(|text-wrap|\blight-dark\(|\d[ds]v[hw]\b", text) == []
    )
    if path.name in {"tokens.css", "error.css", "print.css"}:
        return
    assert re.findall(r"(?<!%23)#[0-9a-f]{3,8}\b(?![\w-]* *{)", re.sub(r"url\([^)]*\)", "", text)) in ([], ["#000"])
    known = set(re.findall(r"(--[\w-]+)\s*:", tokens() + text))
    used = set(re.findall(r"var\((--[\w-]+)", text))
    assert sorted(name for name in used - known if not name.startswith("--bs-")) == []


def tokens() -> str:
    return (STATIC / "css/tokens.css").read_text(encoding="utf-8")


def palette(theme: str) -> dict[str, str]:
    """The colours of one theme: the light ones, overlaid by the dark ones."""
    light, dark = tokens().split('[data-bs-theme="dark"]', 1)
    found = dict(re.findall(r"(--c-[\w-]+):\s*(#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"(--c-[\w-]+):\s*(#[0-9a-f]{6});", dark)) if theme == "dark" else {})


def contrast(one: str, two: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((light(one), light(two)))
    return (high + 0.05) / (low + 0.05)


TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in ("ground", "card", "side", "hover")),
    *(("accent-ink", ground) for ground in ("ground", "card", "side", "hover", "accent-soft")),
    *(("ink", f"{tone}-soft") for tone in ("accent", "warn", "over", "done")),
    *((f"{tone}-ink", ground) for tone in ("warn", "over", "done") for ground in ("card", "side", "hover")),
    *((f"{tone}-ink", f"{tone}-soft") for tone in ("warn", "over", "done")),
    *(("mark-ink", f"mark-{n}") for n in range(1, 5)),
    ("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-accent", "accent-active"),
    ("on-over", "over"), ("on-done", "done"), ("ink-2", "accent-soft"), ("ink-2", "line"), ("ink", "line"),
]  # fmt: skip
EDGE_PAIRS = [
    *(("line-3", ground) for ground in ("ground", "card", "side")),
    *((tone, "card") for tone in ("accent", "focus", "warn", "over", "done")),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_control_edges_have_enough_contrast(theme):
    colours = palette(theme)
    weak = [
        (ink, ground, round(contrast(colours[f"--c-{ink}"], colours[f"--c-{ground}"]), 2), need)
        for pairs, need in ((TEXT_PAIRS, 4.5), (EDGE_PAIRS, 3.0))
        for ink, ground in pairs
        if contrast(colours[f"--c-{ink}"], colours[f"--c-{ground}"]) < need
    ]
    assert weak == []
