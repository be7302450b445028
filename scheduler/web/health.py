"""Whether facts and pages can be served, for load balancers."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from scheduler.web.problems import documented
from scheduler.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/health`: 200 where the database answers, 503 where it does not."""
    router = APIRouter()

    @router.head("/health", include_in_schema=False)
    @router.get(
        "/health",
        response_class=PlainTextResponse,
        responses=documented(HTTPStatus.SERVICE_UNAVAILABLE),
        summary="Whether facts can be taken and pages shown",
    )
    def health() -> str:
        site.store.customers.revisions([])
        return "Facts are taken, and pages shown.\n"

    return router
