"""The embedded broker: kombu's filesystem transport, made safe by writing aside and renaming.

The stock transport opens a file, then locks it, then writes it, and its reader takes no lock: a busy reader sees
half a message and the worker ends. It also reads through the system's temporary folder, which may be another disk.
Here every file appears whole or not at all, and a message that cannot be read is dropped with a line in the log:
the broker is only a doorbell, what it rings about stands in the database.
"""

import fcntl
import logging
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)

# Nobody listens for hours, and every act rings: a thousand bells say no more than one, so the box does not grow.
FULL = 1000
# `<time>_<random>.<queue>.msg`; drafts and claimed messages begin with a dot and never match.
_MESSAGE = re.compile(r"\A\d+_[0-9a-f]+\.(?P<queue>.+)\.msg\Z")


class Channel(filesystem.Channel):
    """One folder for all queues; the control folder keeps which queue hears which exchange."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for folder in {self._folder, self.control_folder}:
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)

    def _put(self, queue, payload, **kwargs):
        if self._size(queue) >= FULL:
            logger.debug("%s messages wait in %s and nobody takes them; this one is left out", FULL, queue)
            return
        _write(self._folder / f"{time.time_ns():020}_{uuid.uuid4().hex}.{queue}.msg", payload)

    def _get(self, queue):
        for name in self._waiting(queue):
            claimed = self._folder / f".{name}.taken"
            try:
                os.rename(self._folder / name, claimed)
            except FileNotFoundError:  # another reader was faster
                continue
            content = claimed.read_bytes()
            claimed.unlink()
            try:
                return loads(bytes_to_str(content))
            except ValueError:
                logger.warning("message %s cannot be read and is dropped", name)
        raise Empty

    def _waiting(self, queue) -> list[str]:
        """The names of the queue's messages, oldest first."""
        matches = (_MESSAGE.match(name) for name in os.listdir(self._folder))
        return sorted(match.string for match in matches if match and match["queue"] == queue)

    def _size(self, queue) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue) -> int:
        names = self._waiting(queue)
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        return len(names)

    # The tables of bindings: read without a lock (a rename is whole), changed under one.

    def get_table(self, exchange):
        return _read_table(self._exchange_file(exchange))

    def _queue_bind(self, exchange, routing_key, pattern, queue):
        entry = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._table(exchange) as rows:
            if entry not in rows:
                rows.insert(0, entry)

    def _delete(self, queue, exchange, routing_key, pattern, *args, **kwargs):
        self._purge(queue)
        entry = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._table(exchange) as rows:
            if entry in rows:
                rows.remove(entry)

    @contextmanager
    def _table(self, exchange) -> Iterator[list]:
        file = self._exchange_file(exchange)
        with open(self.control_folder / ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = _read_table(file)
            rows = list(before)
            yield rows
            if rows != before:
                _write(file, rows)


class Transport(filesystem.Transport):
    Channel = Channel


def _write(file: Path, value) -> None:
    """Write the value as JSON, whole or not at all; what a full disk leaves behind is removed."""
    draft = file.with_name(f".{file.name}.{uuid.uuid4().hex}.part")
    try:
        draft.write_bytes(str_to_bytes(dumps(value)))
        os.replace(draft, file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _read_table(file: Path) -> list:
    try:
        return [filesystem.exchange_queue_t(*row) for row in loads(bytes_to_str(file.read_bytes()))]
    except FileNotFoundError:
        return []
    except ValueError:  # not written by this transport: bindings come back with the next declaration
        logger.warning("%s cannot be read and is started anew", file)
        return []
