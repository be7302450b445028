"""Why a row is not taken: each cause with the sentence that explains it."""

from __future__ import annotations

from scheduler.errors import FactError
from scheduler.explained import Explained


class Cause(Explained):
    """What is wrong with a row."""

    WRONG_WIDTH = "wrong_width", "The row has more or fewer cells than the header."
    HEADER_AGAIN = "header_again", "The row repeats the header."
    UNCLOSED_QUOTE = "unclosed_quote", "A quote opens in this row and is not closed where a cell ends."
    TOO_LONG = "too_long", "A cell or a text is longer than is taken."
    NOT_UTF8 = "not_utf8", "The row holds bytes that are not UTF-8."
    NUL = "nul", "The row holds a NUL byte."
    NOT_JSON = "not_json", "The line is no JSON object, or names a key twice."
    NESTED = "nested", "A value is a list or an object; a fact's values are text, numbers, true/false and dates."
    NO_NUMBER = "no_number", "A value is not a finite number."
    CONTROL_CHARACTER = (
        "control_character",
        "A text holds a control or bidirectional character, a name a line break.",
    )
    MISSING = "missing", "A cell that must be filled is empty."
    NO_OFFSET = "no_offset", "An instant has no offset from UTC, and no --timezone was given."
    NO_INSTANT = "no_instant", "A text is no instant: neither ISO 8601 nor as --date-format says."
    AMBIGUOUS_DATE = "ambiguous_date", "A date can be read in more than one way."
    NO_DATE = "no_date", "A text is no date: neither YYYY-MM-DD nor as --date-format says."
    TOO_EARLY = "too_early", "An event lies before 1971, a birthday before 1900."
    IN_THE_FUTURE = "in_the_future", "An event lies more than a day ahead, or a birthday has not been yet."
    TOO_SOON = "too_soon", "An event lies before what it follows, such as a delivery before its order (`not_before`)."
    KNOWN_BEFORE_AT = "known_before_at", "An event became known before it occurred."
    BAD_EMAIL = "bad_email", "The text is no e-mail address."
    TWO_ADDRESSES = "two_addresses", "The field holds more than one e-mail address."
    BAD_PHONE = "bad_phone", "The text is no phone number of its country."
    UNKNOWN_TIMEZONE = "unknown_timezone", "There is no such time zone."
    UNKNOWN_COUNTRY = "unknown_country", "The text is no ISO 3166 country code."
    UNKNOWN_LANGUAGE = "unknown_language", "The text is no language tag such as de or pt-BR."
    UNKNOWN_STATUS = "unknown_status", "A consent is neither given nor withdrawn."
    UNKNOWN_TOPIC = "unknown_topic", "A consent is of a topic that the house rules don't have."
    UNKNOWN_CHANNEL = "unknown_channel", "A consent is of a channel that there isn't."
    UNKNOWN_CUSTOMER = "unknown_customer", "No customer has this id."
    SAME_ID = "same_id", "Another fact with this id and other content is already known."


class Rejected(FactError):
    """A row that can't be taken, with its `cause`; `column` is our name of the field, where one is to blame."""

    def __init__(self, cause: Cause, message: str, column: str | None = None) -> None:
        super().__init__(f"{column}: {message}" if column else message, cause=cause, column=column)
        self.cause = cause
        self.column = column
