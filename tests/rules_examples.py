"""An example of each mistake and its mended form, in a small shop: `tests/rules/bad/CODE.yaml`, `good/CODE.yaml`.

An example is one campaign, or several files, each behind a line like `# ==> rules/house_rules.yaml`.
"""

from __future__ import annotations

import re
from pathlib import Path

from rulebook_shop import FILES

from scheduler.checking import check_workspace
from scheduler.rulebook.findings import Finding, render
from scheduler.rulebook.lint import Known
from scheduler.settings import Settings

EXAMPLES = Path(__file__).parent / "rules"
CAMPAIGN = "rules/campaign.yaml"
KNOWN = Known(
    events=frozenset(
        {"signed_up", "order_delivered", "order_returned", "ticket_opened", "ticket_closed", "nps_answered"}
    ),
    attributes={"birthday": 0.4, "first_name": 0.96, "tier": 1.0},
    channels=frozenset({"email", "phone"}),
    properties={"order_delivered": {"category", "order_id", "product"}},
)
"""What the shop has seen, for the examples of what it has not."""
_HEAD = re.compile(rb"^# ==> (\S+)\n", re.MULTILINE)


def files_of(example: Path) -> dict[str, bytes]:
    """The files of an example, by their paths in a workspace; a path that ends in '/' is a folder."""
    first, *more = _HEAD.split(example.read_bytes())
    if not more:
        return {CAMPAIGN: first}
    return {path.decode(): text for path, text in zip(more[::2], more[1::2], strict=True)}


def checked(example: Path, folder: Path) -> tuple[list[Finding], str]:
    """What is found in the shop with the files of an example, laid down in a folder, and how that is printed."""
    _lay_down(example, folder)
    known = KNOWN if example.stem.startswith(("unseen", "unguarded", "rare")) else None
    found = check_workspace(folder, Settings(), known=known)
    return list(found.findings), render(found.findings, found.texts, colour=False)


def _lay_down(example: Path, folder: Path) -> None:
    shop = {name: text.encode() for name, text in FILES.items()}
    for path, content in (shop | files_of(example)).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            file.mkdir()
        else:
            file.write_bytes(content)
