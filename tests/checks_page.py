"""The page of all codes, made from their table and their examples: `PYTHONPATH=tests python -m checks_page`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from rules_examples import CAMPAIGN, EXAMPLES, files_of

from scheduler.rulebook.findings import CODES
from scheduler.rulebook.nodes import plain
from scheduler.rulebook.yaml_text import parse

PAGE = Path(__file__).parents[1] / "docs" / "checks.md"
_PREAMBLE = """\
# What `check` refuses

`rightreason check` reads all rules, templates and tests, and says everything that is wrong at once: the place, the
code in brackets, the cause, and the way out. An *error* keeps the rules from being activated; a *warning* is worth a
look. With `--format github` the findings stand beside the lines of a pull request.

Each code has here what it means, why it is one, a mistake with what `check` says about it, and the mended form. The
examples are part of one small shop: what they name and do not show, like the condition `well` or the template
`hello`, is there. This page is made from the examples in `tests/rules`, which a test runs.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_PREAMBLE, *(_section(code, why) for code, why in _reasons().items())])


def _reasons() -> Mapping[str, str]:
    node, _ = parse("why.yaml", (EXAMPLES / "why.yaml").read_text(encoding="utf-8"))
    assert node is not None
    reasons = cast("Mapping[str, str]", plain(node))
    return {code: reasons[code] for code in CODES}


def _section(code: str, why: str) -> str:
    said = (EXAMPLES / "bad" / f"{code}.txt").read_text(encoding="utf-8").rpartition("\n\n")[0]
    return "\n".join(
        [
            f"## {code}\n",
            f"{CODES[code]} {why}\n",
            *_blocks(EXAMPLES / "bad" / f"{code}.yaml"),
            f"```text\n{said}\n```\n",
            "Mended:\n",
            *_blocks(EXAMPLES / "good" / f"{code}.yaml"),
        ]
    )


def _blocks(example: Path) -> Iterator[str]:
    for path, content in files_of(example).items():
        if path.endswith("/"):
            yield f"A folder has the name of a file, `{path.rstrip('/')}`.\n"
            continue
        if path != CAMPAIGN:
            yield f"`{path}`:\n"
        text = re.sub(r"[^\n\t\x20-\uffff]", "\N{REPLACEMENT CHARACTER}", content.decode(errors="replace"))
        yield f"```{'yaml' if path.endswith(('.yaml', '.yml')) else 'text'}\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
