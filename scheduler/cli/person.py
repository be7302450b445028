"""Who is at the keyboard, for the audit."""

from __future__ import annotations

import getpass


def who() -> str:
    """The name of the machine's user; `nobody` where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container; OSError from Python 3.13 on
        return "nobody"
