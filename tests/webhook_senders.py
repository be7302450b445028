"""Senders of webhooks, as they sign what they send."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook
from webshop import Shop

from scheduler.wallclock import SECOND
from scheduler.workspace import Workspace

STANDARD = "whsec_" + base64.b64encode(b"the key of Standard Webhooks").decode()
OTHER = "whsec_" + base64.b64encode(b"their next key, for a change").decode()
SHOPIFY = "the client secret of the app"
STRIPE = "whsec_the_secret_of_the_endpoint"
KEYS = {
    "write_key": "the-key-of-the-shop",
    "webhook_key": f"{STANDARD}\n{OTHER}",
    "shopify_key": SHOPIFY,
    "stripe_key": STRIPE,
}

SAMPLES = Path(__file__).parent / "web" / "webhooks" / "samples"

Headers = dict[str, str]


def standard(body: bytes, at: int, key: str = STANDARD, id_: str = "msg_1") -> Headers:
    """The headers of Standard Webhooks, as its own library signs them; `at` is in microseconds."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at // SECOND),
        "webhook-signature": Webhook(key).sign(id_, moment, body.decode()),
    }


def shopify(body: bytes, _at: int = 0, key: str = SHOPIFY) -> Headers:
    """Shopify's signature of the body."""
    return {"X-Shopify-Hmac-Sha256": base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode()}


def stripe(body: bytes, at: int, key: str = STRIPE) -> Headers:
    """Stripe's signature of the time and the body; `at` is in microseconds."""
    seconds = at // SECOND
    signature = hmac.digest(key.encode(), f"{seconds}.".encode() + body, "sha256").hex()
    return {"Stripe-Signature": f"t={seconds},v1={signature},v0={'0' * 64}"}


@dataclass(frozen=True)
class Sender:
    """Who sends to a path: how they sign, and something that they may say."""

    path: str
    sign: Callable[..., Headers]
    says: Mapping[str, Any]

    def send(self, shop: Shop, says: Mapping[str, Any] | None = None, **signing: Any) -> Any:
        """The answer to what they say, signed by the shop's clock unless `at` is given."""
        body = json.dumps(says or self.says).encode()
        return post(shop, self.path, body, self.sign(body, signing.pop("at", shop.now), **signing))


def post(shop: Shop, path: str, body: bytes, headers: Mapping[str, str], kind: str = "application/json") -> Any:
    """The answer to a body with these headers."""
    return shop.client.post(path, content=body, headers={"Content-Type": kind, **headers})


def stored(workspace: Workspace) -> Any:
    """How much there is of what."""
    return workspace.store.counts()


def sample(name: str) -> dict[str, Any]:
    """What a sender's webhook looks like."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return found
