"""What comes back by e-mail: bounces, complaints and replies, read from the mail that tells of them.

Bounces are read by RFC 3464 where a mail is made by it, else by flufl.bounce, which knows what many mail systems
write instead; complaints by RFC 5965; what no person has written is told by RFC 3834. Everything here was sent by
strangers: nothing of it is taken that does not name a message by a `Message-ID` of ours, and only its first
`LONGEST` bytes are looked at.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from scheduler.channels import status as codes

LONGEST = 256 * 1024
"""As many bytes of a mail are read: what a report says stands before the message that it gives back."""

OURS = re.compile(r"<[0-9a-f]{40}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?>")
"""A `Message-ID` as `mime.message_id` makes them."""

_MOST_BOUNDARIES = 50
"""A mail of parts within parts takes time that grows with the square of its size, and reports have few."""

_FOR_HEURISTICS = 64 * 1024
_LONGEST_LINE = 500
_LONGEST_HEADER = 20_000
_LONGEST_MAILBOXES = 1_000
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NAMED = re.compile(r"^[ \t>]{0,20}message-id:\s{0,10}(<[^<>\s]{1,320}>)", re.IGNORECASE | re.MULTILINE)
_MACHINES = re.compile(r"^(?:mailer-daemon|mail-daemon|mdaemon|postmaster|mail\.daemon)", re.IGNORECASE)
_COMPLAINTS = frozenset({"abuse", "fraud", "other", "opt-out", "opt-out-list"})
"""The kinds of feedback that a person gave; `not-spam` is praise, `auth-failure` is about DNS."""
_RETURNED = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}
)
_BY_MACHINES = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply-from", "x-mail-autoreply", "list-id")
"""Headers that only answering machines and mailing lists set."""
_PRECEDENCES = frozenset({"bulk", "junk", "list", "auto_reply"})
_AWAY = re.compile(
    r"(?:re: ?)?(?:out of (?:the )?office|auto(?:matic|mated)?[ -]?(?:reply|response)|auto:|on vacation"
    r"|abwesenheit|automatische antwort|abwesend|réponse automatique|absence du bureau|respuesta automática"
    r"|fuera de la oficina|risposta automatica|fuori sede|automatisch antwoord|afwezig)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A message of ours came back from `recipient`, which is empty where nobody says so.

    `hard`: no mail will ever reach that address. `status` is an enhanced status code like `5.2.2`, or empty. `detail`
    says why, in words for the ledger and without addresses. `id` tells this report from others.
    """

    message_id: str
    recipient: str
    hard: bool
    status: str
    detail: str
    id: str

    @property
    def counts(self) -> bool:
        """Whether it speaks against the mailbox: what was refused for its content, or for us, does not."""
        return not codes.is_about_us(self.status)


@dataclass(frozen=True, slots=True)
class Complaint:
    """The recipient of a message of ours called it spam; `recipient` is empty where the provider hides it."""

    message_id: str
    recipient: str
    id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A person answered a message of ours."""

    message_id: str
    id: str


Report = Bounce | Complaint | Reply


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a report says of one recipient."""

    recipient: str
    status: str
    words: str


def read_report(raw: bytes) -> Report | None:
    """What a mail tells of a message of ours, or None; never raises, whatever the bytes.

    Delays, receipts, answers of machines, and what names no message of ours are None.
    """
    try:
        return _read(raw[:LONGEST])
    except Exception:  # noqa: BLE001 - whatever strangers make the parsers trip over tells of nothing
        return None


def is_mail(raw: bytes) -> bool:
    """Whether it begins with headers, as every mail does."""
    head = BytesHeaderParser().parsebytes(raw[:LONGEST])
    return any(head.get(name) is not None for name in ("from", "date", "message-id", "received", "return-path", "to"))


def _read(raw: bytes) -> Report | None:
    if raw.lower().count(b"boundary") > _MOST_BOUNDARIES:
        return None
    mail = message_from_bytes(raw)
    id_ = _identity(mail, raw)
    feedback = next(_parts(mail, "message/feedback-report"), None)
    if feedback is not None:
        return _complaint(mail, feedback, id_)
    if failures := list(_failures(mail)):
        return _bounce(mail, failures, id_)
    if _has_actions(mail):
        return None
    if _is_by_mail_system(mail):
        return _bounce(mail, _guessed(raw, mail), id_)
    return None if _is_automatic(mail) else _reply(mail, id_)


def _identity(mail: Message, raw: bytes) -> str:
    """A hash that is the same for the same mail, however often it is delivered."""
    identifier = _header(mail, "message-id").strip()
    return hashlib.sha256(identifier.encode("utf-8", "replace") if identifier else raw).hexdigest()[:32]


# --- bounces -----------------------------------------------------------------------------------------------------


def _bounce(mail: Message, failures: list[_Failure], id_: str) -> Bounce | None:
    message_id = _returned_id(mail)
    if not message_id or not failures:
        return None
    to = _address(_returned_header(mail, "to"))
    failure = next((one for one in failures if one.recipient.lower() == to.lower()), failures[0])
    status = failure.status
    hard = status in codes.NO_SUCH_ADDRESS or (
        not status.startswith("4") and codes.is_unspecific(status) and codes.names_nobody(failure.words)
    )
    return Bounce(message_id, failure.recipient or to, hard, status, _detail(status, hard=hard), id_)


def _failures(mail: Message) -> Iterator[_Failure]:
    """The recipients whom the message failed to reach for good, by RFC 3464; those of a delay are left out."""
    for block in _blocks(mail):
        if not _header(block, "action").strip().lower().startswith(("fail", "error")):
            continue
        diagnosis = _header(block, "diagnostic-code").partition(";")[2].strip()
        status = codes.status_in(_header(block, "status"))
        if codes.is_unspecific(status):
            status = codes.status_in(diagnosis) or status
        names = (_address(_header(block, name)) for name in ("original-recipient", "final-recipient"))
        yield _Failure(next(filter(None, names), ""), status, diagnosis)


def _has_actions(mail: Message) -> bool:
    return any(block.get("action") is not None for block in _blocks(mail))


def _blocks(mail: Message) -> Iterator[Message]:
    """The groups of fields of a delivery status: one of the message, then one a recipient."""
    for part in _parts(mail, "message/delivery-status"):
        payload = part.get_payload()
        if isinstance(payload, list):
            yield from (block for block in payload if isinstance(block, Message))


def _guessed(raw: bytes, mail: Message) -> list[_Failure]:
    """The recipients whom it failed to reach for good, in the words of some mail system."""
    from flufl.bounce import all_failures

    logging.getLogger("flufl.bounce").disabled = True  # where it fails, it would quote the mail
    # Its patterns take time that grows with the square of a line's length.
    lines = (line[:_LONGEST_LINE] for line in raw[:_FOR_HEURISTICS].splitlines())
    _, permanent = all_failures(message_from_bytes(b"\n".join(lines)))
    words = _words_of(mail)
    status = codes.status_in(words)
    found = (_address(address.decode("ascii", "replace")) for address in sorted(permanent))
    return [_Failure(address, status, words) for address in found if address]


def _is_by_mail_system(mail: Message) -> bool:
    """Whether a mail system says that it wrote this: only then its words are taken for a report."""
    if mail.get("x-failed-recipients") is not None or _header(mail, "return-path").strip() == "<>":
        return True
    return _MACHINES.match(_address(_header(mail, "from")) or _header(mail, "from").strip()) is not None


def _words_of(mail: Message) -> str:
    """The text of a report up to the message that it gives back."""
    text = "\n".join(_text(part) for part in _told(mail) if part.get_content_maintype() == "text")
    end = _NAMED.search(text)
    return text[: end.start()] if end else text


def _detail(status: str, *, hard: bool) -> str:
    """Why it bounced, for the ledger: in words of ours, since those of mail systems name people."""
    known = "5.1.1" if hard and codes.is_unspecific(status) else status
    return f"{'hard' if hard else 'soft'} bounce{f' {status}' if status else ''}: {codes.meaning(known)}"


# --- complaints and replies --------------------------------------------------------------------------------------


def _complaint(mail: Message, feedback: Message, id_: str) -> Complaint | None:
    fields = _fields(feedback)
    message_id = _returned_id(mail)
    if not message_id or _header(fields, "feedback-type").strip().lower() not in _COMPLAINTS:
        return None
    named = (
        _header(fields, "original-rcpt-to"),
        _returned_header(mail, "x-hmxmroriginalrecipient"),
        _returned_header(mail, "to"),
    )
    return Complaint(message_id, next(filter(None, map(_address, named)), ""), id_)


def _fields(feedback: Message) -> Message:
    """The fields of a feedback report, which a parser may have taken for a message of their own."""
    payload = feedback.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return message_from_bytes(_text(feedback).lstrip().encode("utf-8", "replace"))


def _is_automatic(mail: Message) -> bool:
    """Whether a machine has written it (RFC 3834), as far as it says so."""
    submitted = _header(mail, "auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or mail.get_content_type() == "multipart/report"
        or _header(mail, "precedence").strip().lower() in _PRECEDENCES
        or any(mail.get(name) is not None for name in _BY_MACHINES)
        or _AWAY.match(_decoded(_header(mail, "subject")).strip()) is not None
    )


def _reply(mail: Message, id_: str) -> Reply | None:
    """An answer to a message of ours, but for those of our own people, who may be answering the customer."""
    answered = OURS.findall(_header(mail, "in-reply-to")) or OURS.findall(_header(mail, "references"))
    if not answered or _domain(_address(_header(mail, "from"))) == _domain(answered[-1].strip("<>")):
        return None
    return Reply(answered[-1], id_)


# --- parts and headers -------------------------------------------------------------------------------------------


def _returned_id(mail: Message) -> str:
    """The `Message-ID` of the message that a report is about, if it is one of ours; else empty.

    It stands in what the report gives back, as a part or in its text, or the report answers it.
    """
    quoted = (found for part in _told(mail) for found in _NAMED.findall(_text(part)))
    for text in (_returned_header(mail, "message-id"), *quoted):
        if found := OURS.search(text):
            return found[0]
    answered = OURS.findall(_header(mail, "in-reply-to")) or OURS.findall(_header(mail, "references"))
    return answered[-1] if answered else ""


def _returned_header(mail: Message, name: str) -> str:
    """A header of the message that a report gives back, whole or its headers alone."""
    for part in mail.walk():
        if part is mail or part.get_content_type() not in _RETURNED:
            continue
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        head = inner if isinstance(inner, Message) else message_from_bytes(_text(part).encode("utf-8", "replace"))
        if value := _header(head, name):
            return value
    return ""


def _parts(mail: Message, kind: str) -> Iterator[Message]:
    return (part for part in mail.walk() if part.get_content_type() == kind)


def _told(mail: Message) -> Iterator[Message]:
    """The parts of a mail that hold no others, without those of a message inside of it."""
    left = [mail]
    while left:
        part = left.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "message":
            continue
        if isinstance(payload, list):
            left += [inner for inner in reversed(payload) if isinstance(inner, Message)]
        else:
            yield part


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _header(mail: Message, name: str) -> str:
    """A header as text; bytes that are no ASCII become question marks or the like."""
    return str(mail.get(name, ""))[:_LONGEST_HEADER].encode("utf-8", "replace").decode("utf-8")


def _decoded(header: str) -> str:
    """A header with its encoded words read (RFC 2047), as far as that can be done."""
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(header)))
    except (LookupError, ValueError):
        return header


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _address(text: str) -> str:
    """The first usable address in a field such as `rfc822; <ana@example.com>`; empty where there is none."""
    text = text.rpartition(";")[2] if ";" in text[:20] else text
    for _, address in getaddresses([text[:_LONGEST_MAILBOXES]]):
        if _ADDRESS.fullmatch(address):
            return address
    return ""
