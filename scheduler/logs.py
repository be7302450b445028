"""The log: one JSON object a line on stderr, with ids, numbers and places of code; never what facts say.

What libraries log, warn of and raise comes here as well. Their words are kept where they stand in the library's
source, since no customer's data can be in them; of an exception only its kind and its places are told.
"""

from __future__ import annotations

import linecache
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

from scheduler.errors import places_in

MOST_PLACES = 12
"""As many places of an exception are told, the innermost last."""
LEFT_OUT = "a message of a library, left out because it may name customers"


def told(error: BaseException) -> dict[str, Any]:
    """What may be told of an exception, as facts of a line: its kind, where it was, and the kinds that it came of.

    Places are `module:line` of our own code, or of the innermost frame where none is ours.
    """
    facts: dict[str, Any] = {"error": type(error).__name__, "at": places_in(error)[-MOST_PLACES:]}
    if origins := [type(one).__name__ for one in _origins(error)]:
        facts["came_of"] = origins
    return facts


@contextmanager
def log_as_json() -> Iterator[None]:
    """Log as JSON in this block, whoever logs: our own code, libraries, warnings, and what nobody catches."""
    before = structlog.get_config()
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning
    root, foreign = logging.getLogger(), _Foreign()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_traces,
            structlog.processors.JSONRenderer(default=_kind),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(_Stderr()),  # type: ignore[arg-type] # all that is used of a file
        cache_logger_on_first_use=False,
    )
    root.addHandler(foreign)
    sys.excepthook, sys.unraisablehook, threading.excepthook = _uncaught, _unraisable, _uncaught_in_thread
    warnings.showwarning = _warned
    try:
        yield
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning = hooks
        root.removeHandler(foreign)
        structlog.configure(**before)


class _Stderr:
    """Standard error as it is at the time; a log that can't be written ends nothing that it would tell of."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):  # a full disk, a closed stream, none at all
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()


class _Foreign(logging.Handler):
    """Takes what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        facts: dict[str, Any] = {"logger": record.name, "place": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[1] is not None:
            facts |= told(record.exc_info[1])
        _at_level(record.levelno)(_words(record), **facts)


def _at_level(level: int) -> Callable[..., Any]:
    log = structlog.get_logger()
    say: Callable[..., Any] = (
        log.error if level >= logging.ERROR else log.warning if level >= logging.WARNING else log.info
    )
    return say


def _words(record: logging.LogRecord) -> str:
    """The message without its values, if it is a constant: one that stands in the source where it was logged."""
    source = "".join(linecache.getlines(record.pathname)[record.lineno - 1 : record.lineno + 5])
    return record.msg if isinstance(record.msg, str) and record.msg in source else LEFT_OUT


def _without_traces(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Let an exception that is being logged say no more than it may."""
    event.pop("stack_info", None)
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    elif isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event.update(told(given))
    return event


def _kind(value: object) -> str:
    """What stands for a value that JSON has no form for: its words could be a customer's."""
    return type(value).__name__


def _origins(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    while (origin := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        if id(origin) in seen:
            return
        seen.add(id(origin))
        yield origin
        error = origin


def _uncaught(_type: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    structlog.get_logger().error("nobody caught an exception", **told(error))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        structlog.get_logger().error("a thread ended by an exception", **told(args.exc_value))


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None:
        structlog.get_logger().error("an exception came where none can be raised", **told(args.exc_value))


def _warned(
    message: Warning | str,  # noqa: ARG001 - its words may be a customer's
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - as Python calls it
    line: str | None = None,  # noqa: ARG001 - as above
) -> None:
    structlog.get_logger().warning("a warning", warning=category.__name__, place=f"{Path(filename).name}:{lineno}")
