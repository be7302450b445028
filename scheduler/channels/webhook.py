"""The webhook channel: each contact is posted as JSON, signed by Standard Webhooks.

The same contact has the same `webhook-id` however often it is posted, so whatever may have arrived is posted again.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.http import SECOND, Broke, Http, Reply
from scheduler.channels.mime import digest
from scheduler.channels.public_address import resolved
from scheduler.errors import ChannelError
from scheduler.messages.message import Message, Notice
from scheduler.settings.webhook import Webhook as WebhookSettings

if TYPE_CHECKING:
    from standardwebhooks import Webhook

_PREFIX = "whsec_"
_NOT_OURS = {401, 403, 404, 405, 410}
"""Answers that say that nothing is wanted at this URL, whatever is posted."""
_LATER = {408, 425, 429}


class WebhookChannel:
    """Posts to one URL. `secret` (`whsec_…`) signs, and is separate from the settings, which never hold it.

    Raises `ChannelError` where the secret is none.
    """

    name = "webhook"
    promises = Promise.IDEMPOTENCY_KEY

    def __init__(self, settings: WebhookSettings, secret: str) -> None:
        self.settings = settings
        self._signer = _signer(secret)
        self._http = Http(ca_file=settings.ca_file)
        self._last = ""

    def deliver(self, message: Message, key: str, now: int) -> Handover:
        """Post one contact."""
        if not isinstance(message, Notice):
            return Handover(HandoverKind.FAILED, f"a message by {message.channel} is no webhook's")
        url = self.settings.url or ""
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            addresses = resolved(parts.hostname or "", port, private=self.settings.allow_private)
        except ChannelError as refused:
            return Handover(HandoverKind.RETRY, f"webhook.url is refused: {refused}", hold=True)
        except ValueError:
            return Handover(HandoverKind.RETRY, "webhook.url is no URL", hold=True)
        except OSError as error:
            return Handover(HandoverKind.RETRY, f"no connection: {error.strerror or error}")
        body = contact_json(message, key, now)
        headers = {"Content-Type": "application/json", **self._signed(body, key, now)}
        return _outcome(self._posted(url, addresses, body, headers), now)

    def close(self) -> None:
        """Close the connection; the next contact opens another."""
        self._http.close()

    def _posted(self, url: str, addresses: tuple[str, ...], body: bytes, headers: dict[str, str]) -> Reply | Broke:
        """The answer of the first address that can be reached; the one that answered last comes first."""
        answer: Reply | Broke = Broke(False, "no connection: the host has no address")
        for address in sorted(addresses, key=lambda one: one != self._last):
            answer = self._http.post(url, content=body, headers=headers, timeout=self.settings.timeout, address=address)
            if isinstance(answer, Reply) or answer.sent:
                self._last = address
                break
        return answer

    def _signed(self, body: bytes, key: str, now: int) -> dict[str, str]:
        """The three headers of Standard Webhooks; `now` is in UTC microseconds."""
        identifier, at = digest(key), now // 1_000_000
        signature = self._signer.sign(identifier, datetime.fromtimestamp(at, UTC), body.decode())
        return {"webhook-id": identifier, "webhook-timestamp": str(at), "webhook-signature": signature}


def contact_json(notice: Notice, key: str, now: int) -> bytes:
    """A contact as it is posted, in UTF-8.

    An object of `at` (ISO 8601, UTC), `key`, `rule`, `campaign`, `customer`, `reason`, `asks_for`, `channel`, and
    `body`, which is what the template writes, or null. `now` is an instant in UTC microseconds.
    """
    values = {
        "at": datetime.fromtimestamp(now // 1_000_000, UTC).isoformat().replace("+00:00", "Z"),
        "key": key,
        "rule": notice.rule,
        "campaign": notice.campaign,
        "customer": notice.customer,
        "reason": notice.reason,
        "asks_for": notice.asks_for,
        "channel": notice.channel,
        "body": json.loads(notice.text) if notice.text else None,
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _signer(secret: str) -> Webhook:
    from standardwebhooks import Webhook

    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        message = f"webhook.secret can't be used: write {_PREFIX} and then 24 to 64 random bytes in base64"
        raise ChannelError(message, channel="webhook")
    return Webhook(key)


def _outcome(answer: Reply | Broke, now: int) -> Handover:
    """What an answer means; its own words are left out, since they may repeat what was posted.

    Who failed (5xx) may have acted on it before.
    """
    if isinstance(answer, Broke):
        again = "; it may have arrived, and is posted again under the same webhook-id" if answer.sent else ""
        return Handover(HandoverKind.RETRY, f"{answer.why}{again}", hold=answer.untrusted, uncertain=answer.sent)
    status = answer.status
    detail = f"answered with {status}"
    if 200 <= status < 300:
        return Handover(HandoverKind.SENT, detail)
    if status in _LATER or status >= 500:
        wait = answer.wait(now)
        asked = f", asked to wait {wait // SECOND} s" if wait else ""
        return Handover(HandoverKind.RETRY, f"{detail}{asked}", wait=wait, uncertain=status >= 500)
    if status < 400:
        return Handover(HandoverKind.RETRY, f"{detail}; redirects are not followed: set webhook.url anew", hold=True)
    if status in _NOT_OURS:
        return Handover(HandoverKind.RETRY, f"{detail}: it takes nothing at webhook.url", hold=True)
    return Handover(HandoverKind.FAILED, detail)
