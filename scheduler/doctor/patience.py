"""Work that is waited for only so long."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class Impatient(Exception):
    """It took too long."""


def within(seconds: float | None, work: Callable[[], T]) -> T:
    """What the work returns or raises; raises `Impatient` where it takes longer, and lets it go on unheard.

    A name server or a disk that is gone can keep a call for minutes, whatever time-outs are set.
    """
    if seconds is None:
        return work()
    ended: SimpleQueue[tuple[bool, T | BaseException]] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((True, work()))
        except BaseException as problem:  # noqa: BLE001 - raised again below, in the thread that waits
            ended.put((False, problem))

    Thread(target=run, name="doctor", daemon=True).start()
    try:
        went_well, value = ended.get(timeout=seconds)
    except Empty:
        raise Impatient from None
    if not went_well:
        raise value  # type: ignore[misc] # it is an exception there
    return value  # type: ignore[return-value] # and here what the work returned
