"""What counts as a catch."""

from __future__ import annotations

import pytest

from .copies import Ended

FAILED = "FAILED tests/decisions/test_gates.py::test_a_pause[2026-03-02 09:00] - "


@pytest.mark.parametrize(
    ("code", "printed", "is_caught"),
    [
        (1, FAILED + "assert 'contact' == 'waiting'", True),
        (1, FAILED + "ValueError: not enough values to unpack (expected 1, got 0)", True),
        (1, FAILED + "NameError: name 'gate' is not defined", False),
        (1, "ERROR tests/decisions/test_gates.py::test_a_pause - OSError: no space left", False),
        (0, "1 passed in 0.41s", False),
        (2, "ERROR tests/decisions/test_gates.py - SyntaxError: invalid syntax", False),
        (4, "ERROR: not found: tests/decisions/test_gates.py::test_gone", False),
        (None, "", False),
    ],
)
def test_only_a_test_that_fails_catches_a_fault(code: int | None, printed: str, is_caught: bool) -> None:
    failed = Ended(code, f"...F\n{printed}\n", 1.0).failed
    assert failed == ("tests/decisions/test_gates.py::test_a_pause[2026-03-02 09:00]" if is_caught else None)
