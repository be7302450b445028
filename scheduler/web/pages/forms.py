"""What somebody sends by a form: read no further than it may be long, and cleaned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from scheduler.messages.plain import without_controls
from scheduler.web.bodies import held_of
from scheduler.web.pages.words import Words

LONGEST_BODY = 64 * 1024
"""A form may have so many bytes."""
LONGEST_COMMENT = 2_000
"""A comment may have so many characters."""
_MOST_FIELDS = 500

Form = Mapping[str, Sequence[str]]
"""The values of each field, in the order in which they came."""


async def form_of(request: Request) -> Form:
    """The fields of a form, URL-encoded or multipart; none where it is too long or can't be read."""
    body = await held_of(request, LONGEST_BODY)
    if body is None:
        return {}

    async def whole() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        found = await Request(request.scope, whole).form(
            max_files=0, max_fields=_MOST_FIELDS, max_part_size=LONGEST_BODY
        )
    except (HTTPException, MultiPartException, UnicodeError):  # the last of a charset that reads nothing
        return {}
    fields: dict[str, list[str]] = {}
    for name, value in found.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return fields


def one(form: Form, name: str) -> str:
    """The value of a field, the last one if it came several times; empty where there is none."""
    return form[name][-1] if form.get(name) else ""


def comment_of(form: Form) -> str:
    """What somebody wrote, without control characters and marks that change the direction of text."""
    written = one(form, "comment").encode(errors="ignore").decode()  # a charset may hold what is no text
    return without_controls(written).strip()


def too_long(comment: str, words: Words) -> str:
    """What to say of a comment that is longer than it may be; empty where it is not."""
    if len(comment) <= LONGEST_COMMENT:
        return ""
    return str(words["survey"]["shorter"].format(most=LONGEST_COMMENT, length=len(comment)))
