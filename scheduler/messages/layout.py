"""The layout that e-mails stand in where the workspace has none of its own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

LAYOUTS = ("templates/layout.email.html", "templates/layout.email.txt")


@cache
def house_layout() -> dict[str, str]:
    """The layouts that ship with the program, by their path in a workspace.

    They lie beside the starter rules: in the package when installed, at the top of a checkout.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "starter", package.parent):
        if (folder / LAYOUTS[0]).is_file():
            return {path: (folder / path).read_text(encoding="utf-8") for path in LAYOUTS}
    return {}
