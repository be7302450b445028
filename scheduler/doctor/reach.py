"""Whether there is a server behind a URL that shows who it is: nothing is asked of it."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from scheduler.channels.public_address import resolved
from scheduler.errors import ChannelError


def unreachable(url: str, timeout: float, *, private: bool = True, ca_file: Path | None = None) -> str:
    """Why no connection can be made within `timeout` seconds, in words; empty where one can.

    By https the certificate is looked at too; `ca_file` holds those to trust instead of the machine's. Without
    `private`, addresses that are not on the public internet are refused.
    """
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    try:
        port = parts.port or (443 if is_secure else 80)
        address = resolved(host, port, private=private)[0]
        with socket.create_connection((address, port), timeout) as connection:
            if is_secure:
                with ssl.create_default_context(cafile=ca_file).wrap_socket(connection, server_hostname=host):
                    pass
    except socket.gaierror:
        return "its name is not known"
    except ChannelError as problem:
        return str(problem)
    except ssl.SSLError as problem:
        return f"it can't show who it is ({problem.reason or 'TLS'})"
    except TimeoutError:
        return "it does not answer in time"
    except (OSError, ValueError) as problem:
        return f"no connection ({getattr(problem, 'strerror', None) or type(problem).__name__})"
    return ""
