"""What a failure of TLS says of the other side."""

from __future__ import annotations

import ssl


def is_untrusted(error: BaseException) -> bool:
    """Whether the other side could not show who it is; that it went away in the middle says nothing of that."""
    cut_off = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    return isinstance(error, ssl.SSLError) and not isinstance(error, cut_off)
