"""The same mails by django-post-office: queued in SQLite, then sent by its `send_queued`; prints JSON.

ITS_PYTHON benchmarks/peer.py MAILS FOLDER PORT: MAILS has a mail a line, as `benchmarks.delivery sending` writes
them. It is tried with several of its settings, on a new database each, and the fastest is what counts. This file is run
by an environment of its own (`peer.txt`), which knows nothing of ours.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

THREADS, BATCHES = (1, 2, 5, 10), (100, 1_000)
"""What is tried: 5 threads and batches of 100 are its defaults."""
QUEUED_AT_ONCE = 500


def best(mails: list[dict[str, Any]], folder: Path, port: int) -> dict[str, float]:
    """The best `rate` (mails a second), and the `threads` and `batch` that it was reached with."""
    _set_up(folder, port)
    tried = [(_rate(mails, threads, batch), threads, batch) for threads in THREADS for batch in BATCHES]
    rate, threads, batch = max(tried)
    return {"rate": rate, "threads": threads, "batch": batch}


def _set_up(folder: Path, port: int) -> None:
    import django  # type: ignore[import-not-found] # it is there in its own environment only
    from django.conf import settings  # type: ignore[import-not-found] # as above
    from django.core.management import call_command  # type: ignore[import-not-found] # as above

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "peer.db",
                "OPTIONS": {"init_command": "PRAGMA journal_mode = WAL", "transaction_mode": "IMMEDIATE"},
            }
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGGING_CONFIG=None,
        POST_OFFICE={"BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}},
    )
    django.setup()
    call_command("migrate", verbosity=0)


def _rate(mails: list[dict[str, Any]], threads: int, batch: int) -> float:
    import logging

    from django.conf import settings
    from post_office import mail  # type: ignore[import-not-found] # as above
    from post_office.models import Email  # type: ignore[import-not-found] # as above

    logging.disable(logging.INFO)
    settings.POST_OFFICE.update(THREADS_PER_PROCESS=threads, BATCH_SIZE=batch)
    Email.objects.all().delete()
    for first in range(0, len(mails), QUEUED_AT_ONCE):
        mail.send_many(
            [
                {
                    "recipients": [one["to"]],
                    "sender": one["from"],
                    "subject": one["subject"],
                    "message": one["text"],
                    "html_message": one["html"],
                    "headers": one["headers"],
                }
                for one in mails[first : first + QUEUED_AT_ONCE]
            ]
        )
    start, sent = time.perf_counter(), 0
    while sent < len(mails):
        now, *others = mail.send_queued()
        if any(others) or not now:
            raise SystemExit(f"after {sent} mails of {len(mails)}: {now} sent, {others} failed and queued again")
        sent += now
    return sent / (time.perf_counter() - start)


if __name__ == "__main__":
    written, where, number = sys.argv[1:]
    given = [json.loads(line) for line in Path(written).read_text(encoding="utf-8").splitlines()]
    sys.stdout.write(json.dumps(best(given, Path(where), int(number))) + "\n")
