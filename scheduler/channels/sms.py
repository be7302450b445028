"""The SMS channel: Twilio's Messages API.

The API takes no key by which a second request could be told from a second message, so whatever may have arrived is
never asked for again by itself.
"""

from __future__ import annotations

from scheduler.channels.channel import Handover, HandoverKind, Promise
from scheduler.channels.http import Broke, Http, Reply
from scheduler.messages.message import Message, Text
from scheduler.settings.sms import Sms as SmsSettings

_NO_NUMBER = {
    21211: "Twilio takes the number for none",
    21217: "Twilio takes the number for none",
    21265: "the number is a short code",
    21614: "the number gets no SMS",
    21635: "the number is a landline",
}
_OPTED_OUT = 21610
_LATER = {20429: "too many requests at once", 21611: "the sender's queue is full"}
_OURS = {
    10001: "the account is not active",
    20003: "the account or its token is refused",
    20005: "the account is not active",
    20404: "there is no such account",
    21212: "sms.from can't be used",
    21601: "sms.from can't be used",
    21603: "sms.from is missing",
    21606: "sms.from can't be used",
    21659: "sms.from is no number of Twilio's",
    21660: "sms.from belongs to another account",
    21661: "sms.from can't send SMS",
    21701: "there is no such sms.messaging_service",
    21703: "sms.messaging_service has no numbers",
    21705: "there is no such sms.messaging_service",
}
"""What is wrong with the account or the settings, and not with the message."""
_OTHERWISE = {
    21408: "the account may not send to this country",
    21608: "a trial account sends to verified numbers only",
    21612: "the number can't be reached from this sender",
    21617: "the text is longer than 1,600 characters",
}


class SmsChannel:
    """Sends by Twilio. `token` is separate from the settings, which never hold it."""

    name = "sms"
    promises = Promise.NOTHING

    def __init__(self, settings: SmsSettings, token: str) -> None:
        self.settings = settings
        self._token = token
        self._http = Http(by_proxy=True)

    def deliver(self, message: Message, key: str, now: int) -> Handover:  # noqa: ARG002 - Twilio takes no key
        """Send one text to its one number."""
        if not isinstance(message, Text):
            return Handover(HandoverKind.FAILED, f"a message by {message.channel} is no SMS")
        to = e164(message.to)
        if to is None:
            return Handover(HandoverKind.FAILED, "the recipient is no phone number", suppress=True)
        settings = self.settings
        account = settings.account or ""
        sender = (
            {"MessagingServiceSid": settings.messaging_service}
            if settings.messaging_service is not None
            else {"From": settings.from_ or ""}
        )
        answer = self._http.post(
            f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json",
            data={"To": to, **sender, "Body": message.text.strip()},
            auth=(account, self._token),
            timeout=settings.timeout,
        )
        return _broken(answer) if isinstance(answer, Broke) else outcome_of(answer, now)

    def close(self) -> None:
        """Close the connection; the next message opens another."""
        self._http.close()


def e164(number: str) -> str | None:
    """A number as `+` and digits (ITU-T E.164); None where it can't be one, or names no country."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def outcome_of(reply: Reply, now: int) -> Handover:
    """What an answer at `now` means: by Twilio's code where there is one, or else by the status (RFC 9110).

    Twilio's own words are left out, since they repeat the number.
    """
    status, values = reply.status, reply.values
    if 200 <= status < 300:
        return Handover(HandoverKind.SENT, "accepted", provider_id=str(values.get("sid") or ""))
    if status >= 500:
        return Handover(HandoverKind.UNCONFIRMED, f"Twilio failed with {status}; the message may have gone out")
    code = values["code"] if isinstance(values.get("code"), int) else 0
    where = f"Twilio's error {code}" if code else f"Twilio answered with {status}"
    if code == _OPTED_OUT:
        return Handover(HandoverKind.FAILED, f"withdrawn: they answered STOP ({where})", suppress=True)
    if code in _NO_NUMBER:
        return Handover(HandoverKind.FAILED, f"{_NO_NUMBER[code]} ({where})", suppress=True)
    if code in _LATER or status in (408, 429):
        return Handover(HandoverKind.RETRY, f"{_LATER.get(code, 'not now')} ({where})", wait=reply.wait(now))
    if code in _OURS or status in (401, 403, 404) or status < 400:
        return Handover(HandoverKind.RETRY, f"{_OURS.get(code, 'the request is refused')} ({where})", hold=True)
    return Handover(HandoverKind.FAILED, f"{_OTHERWISE.get(code, 'refused')} ({where})")


def _broken(broke: Broke) -> Handover:
    if broke.sent:
        return Handover(HandoverKind.UNCONFIRMED, f"{broke.why}; the message may have gone out")
    return Handover(HandoverKind.RETRY, broke.why, hold=broke.untrusted)
