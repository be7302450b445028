"""The log says where and what kind, and never what facts say: whoever logs, warns or raises."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
import structlog

from scheduler.durations import Duration
from scheduler.errors import BadDuration, FactError
from scheduler.logs import LEFT_OUT, log_as_json, told

CANARY = "ana.canary@example.com"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged; everything on stderr is JSON, and nothing names the customer."""
    written = capsys.readouterr().err
    assert CANARY not in written
    return [json.loads(line) for line in written.splitlines()]


def raised() -> ValueError:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"{CANARY} is no number") from error
    except ValueError as error:
        return error


def test_our_own_words_and_ids_are_said_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json():
        structlog.get_logger().info("tick", planned=3, key="thanks/c1/o1")
    [line] = lines(capsys)
    assert (line["event"], line["planned"], line["key"], line["level"]) == ("tick", 3, "thanks/c1/o1", "info")
    assert line["timestamp"].endswith("Z")


def test_an_exception_is_told_by_its_kind_and_place_and_what_it_came_of() -> None:
    error = raised()
    assert error.__traceback__ is not None
    place = f"test_logs.py:{error.__traceback__.tb_lineno}"
    assert told(error) == {"error": "ValueError", "at": [place], "came_of": ["KeyError"]}


def test_places_in_our_own_code_come_first() -> None:
    with pytest.raises(BadDuration) as caught:
        Duration.parse(CANARY)
    assert CANARY in str(caught.value)
    [place] = told(caught.value)["at"]
    assert place.partition(":")[0] == "durations.py"


def test_an_exception_that_we_log_loses_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json():
        try:
            raise raised()
        except ValueError:
            structlog.get_logger().exception("it broke")
        structlog.get_logger().error("so did this", exc_info=raised(), stack_info=True)
    assert [line["error"] for line in lines(capsys)] == ["ValueError", "ValueError"]


def test_a_value_without_a_form_in_json_is_told_by_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json():
        structlog.get_logger().info("odd", value={1: Path(CANARY), 2: FactError(CANARY)})
    [line] = lines(capsys)
    assert set(line["value"].values()) == {"PosixPath", "FactError"}


def test_a_library_that_logs_an_exception_is_told_without_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json():
        try:
            raise raised()
        except ValueError:
            logging.getLogger("apscheduler.executors.default").exception('Job "%s" raised an exception', CANARY)
    [line] = lines(capsys)
    assert line["event"] == 'Job "%s" raised an exception'
    assert (line["level"], line["logger"], line["error"]) == ("error", "apscheduler.executors.default", "ValueError")
    assert line["place"].startswith("test_logs:")


def test_words_that_a_library_made_of_values_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json():
        logging.getLogger("library").warning(f"can't reach {CANARY}")
        logging.getLogger("library").log(37, FactError(CANARY))
        logging.getLogger("library").warning("%s is odd", CANARY)
    found = lines(capsys)
    assert [line["event"] for line in found] == [LEFT_OUT, LEFT_OUT, "%s is odd"]
    assert [line["level"] for line in found] == ["warning"] * 3


def test_a_warning_is_told_by_its_kind_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(), log_as_json():
        warnings.simplefilter("always")
        warnings.warn(f"{CANARY} is deprecated", DeprecationWarning, stacklevel=1)
    [line] = lines(capsys)
    assert (line["event"], line["warning"]) == ("a warning", "DeprecationWarning")
    assert line["place"].startswith("test_logs.py:")


def test_a_thread_that_ends_by_an_exception_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def breaks() -> None:
        raise ValueError(CANARY)

    with log_as_json():
        thread = threading.Thread(target=breaks)
        thread.start()
        thread.join()
    [line] = lines(capsys)
    assert (line["event"], line["error"]) == ("a thread ended by an exception", "ValueError")


def test_a_program_that_ends_by_an_exception_prints_no_trace() -> None:
    program = (
        "import sys\n"
        "from scheduler.logs import log_as_json\n"
        "log = log_as_json()\n"
        "log.__enter__()\n"
        "raise ValueError(sys.argv[1])"
    )
    ended = subprocess.run([sys.executable, "-c", program, CANARY], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert CANARY not in line
    assert json.loads(line)["error"] == "ValueError"


def test_afterwards_everything_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning
    handlers, configured = list(logging.getLogger().handlers), structlog.get_config()
    with log_as_json():
        assert sys.excepthook is not hooks[0]
    assert (sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning) == hooks
    assert logging.getLogger().handlers == handlers
    assert structlog.get_config() == configured
    assert lines(capsys) == []


def test_a_log_that_can_not_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed = (tmp_path / "log").open("w")
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    with log_as_json():
        structlog.get_logger().error("nobody hears this")
    monkeypatch.setattr(sys, "stderr", _Full())
    with log_as_json():
        structlog.get_logger().error("nor this")
    monkeypatch.setattr(sys, "stderr", None)
    with log_as_json():
        structlog.get_logger().error("nor that")


class _Full:
    """Standard error that goes to a file on a full disk."""

    def write(self, _text: str) -> None:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")
