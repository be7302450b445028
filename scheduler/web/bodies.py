"""The bodies of requests: no longer than is set, also unpacked, and of the type that is wanted."""

from __future__ import annotations

import json
import zlib
from http import HTTPStatus
from typing import Any

from fastapi import Request

from scheduler.web.problems import Problem

_GZIP = 16 + zlib.MAX_WBITS


async def body_of(request: Request, most: int) -> bytes:
    """The body of a request, unpacked where it is gzip (RFC 9110, 8.4).

    Raises `Problem` where it has more than `most` bytes, or can't be unpacked; no more than that is ever held.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("gzip", "x-gzip", "identity", ""):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "the Content-Encoding is not one that is read; send gzip, or the body as it is",
            headers={"Accept-Encoding": "gzip"},
        )
    held = await held_of(request, most)
    if held is None:
        raise _too_large(most)
    return _unpacked(held, most) if encoding.endswith("gzip") else held


async def held_of(request: Request, most: int) -> bytes | None:
    """The body of a request as it comes; None where it has more than `most` bytes: no more are ever held."""
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) > most:
            return None
    return bytes(held)


async def json_of(request: Request, most: int) -> Any:
    """The JSON that a request brings, as `body_of` reads it. Raises `Problem`."""
    if media_type(request.headers.get("content-type", "")) != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON, with Content-Type: application/json")
    return parsed(await body_of(request, most))


def media_type(written: str) -> str:
    """What a `Content-Type` says without its parameters, in lower case (RFC 9110, 8.3)."""
    return written.partition(";")[0].strip().lower()


def parsed(body: bytes) -> Any:
    """The JSON that a body holds. Raises `Problem`."""
    try:
        return json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        cause = f"byte {error.start + 1} is not UTF-8"
    except json.JSONDecodeError as error:
        cause = f"{error.msg} at line {error.lineno}, character {error.colno}"
    except RecursionError:
        cause = "it is nested too deeply"
    except ValueError:
        cause = "a number has too many digits"
    raise Problem(HTTPStatus.BAD_REQUEST, f"the body can't be read as JSON: {cause}; nothing was taken")


def _unpacked(packed: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(packed, most + 1)
    except zlib.error:
        raise _unreadable() from None
    if len(body) > most:
        raise _too_large(most)
    if not unpacker.eof or unpacker.unused_data:
        raise _unreadable()
    return body


def _unreadable() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "the body can't be unpacked as gzip; nothing was taken")


def _too_large(most: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body has more than {most:,} bytes, unpacked; send fewer messages at once (serve.most_kb)",
    )
