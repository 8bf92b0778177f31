"""Private files: named on disk by their digest, served by one permission-checked view (DESIGN, ground rules)."""

import hashlib
import os
import re
import unicodedata
import uuid
from pathlib import Path

from django.conf import settings

from csi_portal.organization.models import StoredFile

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069/\\:*?\"<>|]")


def clean_name(name: str) -> str:
    """A file name that is safe to show and to send: no path, no control or direction marks, at most 120 letters."""
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    base = _UNSAFE.sub("", base).strip(" .")
    if len(base) > 120:
        stem, dot, ending = base.rpartition(".")
        base = f"{stem[: 119 - len(ending)]}{dot}{ending}" if dot and len(ending) <= 8 else base[:120]
    return base or "file"


def store_file(content: bytes, *, store, kind: str, owner: str, name: str, content_type: str, by, now) -> StoredFile:
    """Write the bytes to private storage, once per content, and record them for the store."""
    digest = hashlib.sha256(content).hexdigest()
    relative = Path(str(store.pk), digest[:2], digest)
    path = settings.MEDIA_ROOT / relative
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{digest}.{uuid.uuid4().hex}.part")  # two threads may bring the same content
        with open(draft, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(draft, 0o600)
        draft.rename(path)  # whole or not at all
    return StoredFile.objects.create(
        store=store,
        sha256=digest,
        kind=kind,
        owner=owner,
        name=clean_name(name),
        content_type=content_type,
        size=len(content),
        path=str(relative),
        uploaded_by=by if by is not None and by.pk else None,
        created_at=now,
    )


def read_file(stored: StoredFile) -> bytes:
    """The bytes of a stored file; FileNotFoundError when the storage lost it."""
    return path_of(stored).read_bytes()


def path_of(stored: StoredFile) -> Path:
    return settings.MEDIA_ROOT / stored.path
