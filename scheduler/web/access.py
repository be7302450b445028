"""The log of requests: method, template of the route, status and milliseconds; no address, key, token or body."""

from __future__ import annotations

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AccessLog:
    """An ASGI application that tells of each request that another one answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the other one does, and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 0, time.monotonic()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            structlog.get_logger().info(
                "request",
                method=scope["method"] if scope["method"] in _METHODS else "other",
                route=getattr(scope.get("route"), "path", None),
                status=status or 500,  # whoever is outside of this answers a fault
                ms=round((time.monotonic() - began) * 1000, 1),
            )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
