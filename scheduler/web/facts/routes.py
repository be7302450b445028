"""The intake by HTTP, as Segment's libraries speak to it (Segment's spec, "HTTP Tracking API")."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from fastapi.security.http import HTTPBase
from pydantic import BaseModel, Field

from scheduler.web.bodies import json_of
from scheduler.web.facts.batches import Answer, Reading
from scheduler.web.facts.keys import Keys, write_keys
from scheduler.web.facts.messages import KINDS, UNUSED, Identify, Other, Track
from scheduler.web.problems import Json, Problem, documented
from scheduler.web.site import Site

SECOND = 1_000_000
AT_ONCE = 100
"""More messages than these are read beside, so that other requests need not wait for it."""
_PROBLEMS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_OF_WHAT = {Identify: "Say who a customer is", Track: "Say what happened to a customer", Other: "Is let pass"}

Handler = Callable[[Request], Awaitable[JSONResponse]]


class Batch(BaseModel):
    """Messages, each with its `type`."""

    batch: list[dict[str, Any]] = Field(description="the messages")
    sent_at: str | None = Field(None, alias="sentAt", description="when it was sent, by the clock of the sender")


def routes(site: Site) -> APIRouter:
    """`/v1/identify`, `/v1/track`, `/v1/batch`, and those kinds that are let pass.

    Raises `SettingsError` where the write keys can't be used.
    """
    intake = _Intake(site)
    scheme = HTTPBase(
        scheme="basic", scheme_name="writeKey", description="The write key as user name, no password", auto_error=False
    )
    router = APIRouter(prefix="/v1", tags=["facts"], dependencies=[Depends(scheme)])

    def add(name: str, handler: Handler, schema: dict[str, Any], summary: str, *more: HTTPStatus) -> None:
        router.add_api_route(
            f"/{name}",
            handler,
            methods=["POST"],
            name=name,
            operation_id=name,
            summary=summary,
            response_model=None,
            responses={200: {"model": Answer}, **documented(*_PROBLEMS, *more)},
            openapi_extra={
                "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            },
        )

    for kind, model in KINDS.items():
        add(kind, intake.one(kind), model.model_json_schema(), _OF_WHAT[model], HTTPStatus.CONFLICT)
    add("batch", intake.batch, _batch_schema(), "Messages of any kind, one by one taken or refused")
    return router


class _Intake:
    """Answers requests that bring messages."""

    def __init__(self, site: Site) -> None:
        settings = site.settings.serve
        self._site = site
        self._most = settings.most_kb * 1024
        self._tolerance = settings.skew * SECOND
        self._keys = Keys(write_keys(site.settings), settings.per_second, time.monotonic)

    def one(self, kind: str) -> Handler:
        """The answer to a request that brings one message of a kind."""

        async def answered(request: Request) -> JSONResponse:
            return await self._one(kind, request)

        return answered

    async def batch(self, request: Request) -> JSONResponse:
        """The answer to a request that brings several; those that can't be taken are told of, and the rest taken."""
        body = await self._body(request)
        messages, sent = body.get("batch"), body.get("sentAt")
        if not isinstance(messages, list):
            raise Problem(HTTPStatus.BAD_REQUEST, 'a body is {"batch": [MESSAGE, …]}; nothing was taken')
        reading = self._reading(sent)
        if len(messages) <= AT_ONCE:
            reading.read(messages)
        else:
            await asyncio.to_thread(reading.read, messages)
        return Json(await self._taken(request, reading, len(messages)))

    async def _one(self, kind: str, request: Request) -> JSONResponse:
        body = await self._body(request)
        reading = self._reading(None)
        if kind in UNUSED:
            reading.unused = 1
        else:
            reading.read_one(0, kind, body)
        answer = await self._taken(request, reading, 1)
        for refused in answer["refused"]:
            conflict = bool(reading.events)
            status = HTTPStatus.CONFLICT if conflict else HTTPStatus.BAD_REQUEST
            raise Problem(status, refused["detail"], cause=refused["cause"])
        return Json(answer)

    async def _body(self, request: Request) -> dict[str, Any]:
        """The object that a request brings; raises `Problem`."""
        request.state.allowance = self._keys.admit(request)
        request.state.allowance.ensure()
        body = await json_of(request, self._most)
        if not isinstance(body, dict):
            raise Problem(HTTPStatus.BAD_REQUEST, "the body is no JSON object; nothing was taken")
        return body

    def _reading(self, sent: Any) -> Reading:
        return Reading(self._site.clock(), self._tolerance, sent if isinstance(sent, str) else None)

    async def _taken(self, request: Request, reading: Reading, messages: int) -> dict[str, Any]:
        request.state.allowance.use(messages)
        answer = reading.answer(await request.app.state.writer.take(reading.facts))
        if causes := Counter(refused["cause"] for refused in answer["refused"]):
            structlog.get_logger().warning("messages were refused", of=messages, **causes)
        return answer


def _batch_schema() -> dict[str, Any]:
    """The schema of a batch, whose messages have a type beside what those of that kind have."""
    items = []
    for model in (Identify, Track, Other):
        schema = model.model_json_schema()
        kinds = [kind for kind, one in KINDS.items() if one is model]
        schema["properties"]["type"] = {"enum": kinds}
        schema["required"] = [*schema.get("required", ()), "type"]
        items.append(schema)
    found = Batch.model_json_schema()
    found["properties"]["batch"]["items"] = {"oneOf": items}
    return found
