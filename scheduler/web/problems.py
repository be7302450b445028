"""What a request is told that can't be served: problem details (RFC 9457), with the cause and the way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"


class ProblemDetails(BaseModel):
    """Why a request is not served (RFC 9457)."""

    model_config = ConfigDict(
        title="Problem",
        json_schema_extra={
            "example": {
                "title": "Content Too Large",
                "status": 413,
                "detail": "the body has more than 524,288 bytes; send fewer messages at once",
            }
        },
    )
    title: str = Field(description="the name of the status")
    status: int = Field(description="the status")
    detail: str = Field(description="the cause, and the way out")
    cause: str | None = Field(None, description="the cause in one word, where a fact is to blame")


class Problem(Exception):
    """A request that can't be served: its status, and the cause with the way out in a sentence.

    `more` are further members of the answer.
    """

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **more: str
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers, more


class Json(JSONResponse):
    """JSON in ASCII: what was sent may be told in it even where it is no text, like half of a surrogate pair."""

    def render(self, content: Any) -> bytes:
        """The content as bytes."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def answer(problem: Problem) -> JSONResponse:
    """The answer that tells of a problem."""
    content: dict[str, Any] = {
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        **problem.more,
    }
    return Json(content, problem.status.value, problem.headers, PROBLEM_JSON)


async def of_problem(_: Request, problem: Problem) -> JSONResponse:
    """Handle a `Problem` that a route raises."""
    return answer(problem)


async def of_routing(request: Request, error: HTTPException) -> JSONResponse:
    """Handle what the router raises: no such page, another method."""
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        detail = "there is nothing at this address; /openapi.json lists what there is"
    elif status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not answered here; the header Allow names what is"
    else:
        detail = status.description or status.phrase
    return answer(Problem(status, detail, headers=error.headers))


async def of_fault(_request: Request, _error: Exception) -> JSONResponse:
    """Handle a fault of the program; what it says may name customers, so that only the log tells its place."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return answer(Problem(status, "a fault of the program, whose log tells its place; try again"))


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """What the interface says of these answers."""
    content = {PROBLEM_JSON: {"schema": ProblemDetails.model_json_schema()}}
    return {status.value: {"description": status.phrase, "content": content} for status in statuses}
