"""The ways in for webhooks: each adapter is a route, and answers only after what it brought is committed.

A newcomer is a file with an `ADAPTER`, and an entry here.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from scheduler.errors import FactError, SettingsError
from scheduler.intake.causes import Rejected
from scheduler.planning.rulebooks import active
from scheduler.rulebook.model import AsksFor
from scheduler.store import Store, Taken
from scheduler.wallclock import SECOND
from scheduler.web.bodies import body_of, media_type, parsed
from scheduler.web.facts.keys import Allowance
from scheduler.web.problems import Json, Problem, documented
from scheduler.web.site import Site
from scheduler.web.webhooks import cloudevents, shopify, standard, stripe
from scheduler.web.webhooks.adapter import Adapter, House, Message
from scheduler.web.webhooks.delivery import Delivery, Replayed

ADAPTERS = (cloudevents.ADAPTER, standard.ADAPTER, shopify.ADAPTER, stripe.ADAPTER)


class Became(BaseModel):
    """What became of the events of a message; all of it is committed."""

    added: int = Field(description="events that are new")
    updated: int = Field(description="events that took the place of another")
    unchanged: int = Field(description="events that were there already")


def routes(site: Site) -> APIRouter:
    """A route for each adapter. Raises `SettingsError` for keys that can't be used."""
    router = APIRouter(prefix="/v1")
    for adapter in ADAPTERS:
        router.add_api_route(
            adapter.path,
            _route(adapter, site),
            methods=["POST"],
            name=adapter.name,
            operation_id=adapter.path.rpartition("/")[2],
            tags=["webhooks"],
            summary=f"Take what {adapter.name} sends",
            response_model=None,
            responses={200: {"model": Became}, **documented(*_PROBLEMS)},
            openapi_extra={"requestBody": {"required": True, "content": {kind: {} for kind in adapter.types}}},
        )
    return router


def _route(adapter: Adapter, site: Site) -> Callable[[Request], Awaitable[JSONResponse]]:
    keys, settings = _keys(adapter, site), site.settings.serve
    allowance = Allowance(settings.per_second, time.monotonic)

    async def take(request: Request) -> JSONResponse:
        if not keys:
            raise _closed(adapter)
        allowance.ensure()
        _ensure_type(request, adapter)
        message = Message(
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await body_of(request, settings.most_kb * 1024),
            now=site.clock(),
            skew=settings.skew * SECOND,
        )
        once = adapter.prove(message, keys)
        delivery = await asyncio.to_thread(_read, adapter, message, once, site.store)
        allowance.use(len(delivery))
        return _answer(adapter, await _taken(request, delivery))

    return take


def _keys(adapter: Adapter, site: Site) -> tuple[bytes, ...]:
    written = site.settings.secret_of("serve", adapter.setting) or ""
    try:
        return tuple(adapter.key_of(key) for line in written.splitlines() if (key := line.strip()))
    except ValueError as error:
        raise SettingsError(f"serve.{adapter.setting} can't be used: {error}") from None


def _closed(adapter: Adapter) -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        f"nothing of {adapter.name} is taken here, as there is no key: set serve.{adapter.setting}_file",
    )


def _ensure_type(request: Request, adapter: Adapter) -> None:
    """Raise `Problem` for another type of body, and for one that is packed: what is signed is the body as it is."""
    kind = media_type(request.headers.get("content-type", ""))
    packed = request.headers.get("content-encoding", "identity").strip().lower() != "identity"
    if kind not in adapter.types or packed:
        detail = f"send {' or '.join(adapter.types)} as it is, without a Content-Encoding; nothing was taken"
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _read(adapter: Adapter, message: Message, once: bytes, store: Store) -> Delivery:
    payload = parsed(message.body) if message.body else None
    try:
        parts = adapter.read(message, payload, House(lambda: _marketing(store)))
    except Rejected as refused:
        detail = f"{refused}; nothing was taken"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, cause=str(refused.cause)) from None
    return Delivery(
        sender=adapter.name,
        parts=parts,
        once=f"{adapter.name} {hashlib.sha256(once).hexdigest()}" if once else "",
        # a message may be signed ahead of time by the skew, is good for as long, and written a little later
        until=message.now + 3 * message.skew,
    )


def _marketing(store: Store) -> str | None:
    """The topic of rules that ask for a purchase."""
    rules = active(store)
    if rules is None:
        return None
    topics = rules.program.rulebook.house.topics
    return next((name for name, one in topics.items() if AsksFor.PURCHASE in one.default_for), str(AsksFor.PURCHASE))


async def _taken(request: Request, delivery: Delivery) -> Taken:
    try:
        taken: Taken = await request.app.state.writer.take(delivery)
    except Replayed:
        detail = "this very message came before, and is not taken again; a sender who tries again signs it anew"
        raise Problem(HTTPStatus.CONFLICT, detail) from None
    except FactError:
        raise Problem(HTTPStatus.BAD_REQUEST, "a value of it can't be stored; nothing was taken") from None
    return taken


def _answer(adapter: Adapter, taken: Taken) -> JSONResponse:
    if taken.refused:
        structlog.get_logger().info("events were left as they are", sender=adapter.name, events=len(taken.refused))
        if adapter.ids:
            ids = ", ".join(one.id for one in taken.refused)
            raise Problem(HTTPStatus.CONFLICT, f"known with other content, and left as they are: {ids}")
    return Json(Became(added=taken.added, updated=taken.updated, unchanged=taken.unchanged).model_dump())


_PROBLEMS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
