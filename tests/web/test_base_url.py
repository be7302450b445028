from __future__ import annotations

import pytest

from scheduler.web.base_url import misses

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is listened at


@pytest.mark.parametrize(
    ("base_url", "host", "port"),
    [
        ("http://localhost:8000", "127.0.0.1", 8080),
        ("http://127.0.0.1", "127.0.0.1", 8000),
        ("https://localhost/shop", EVERYWHERE, 8000),
        ("http://[::1]:8000", "127.0.0.1", 8000),
    ],
)
def test_links_that_lead_to_another_port_or_address_of_this_machine_miss(base_url: str, host: str, port: int) -> None:
    assert misses(base_url, host, port)


@pytest.mark.parametrize(
    ("base_url", "host", "port"),
    [
        ("http://localhost:8000", "127.0.0.1", 8000),
        ("http://LOCALHOST:8000", "::1", 8000),
        ("http://127.0.0.1:8000/", "127.0.0.1", 8000),
        ("http://localhost:8000", EVERYWHERE, 8000),
        ("http://localhost", "127.0.0.1", 80),
        ("https://shop.example.com", "127.0.0.1", 8000),
        ("http://localhost:99999", "127.0.0.1", 8000),
        ("http://192.0.2.7:9000", EVERYWHERE, 8000),
    ],
)
def test_links_that_may_lead_here_do_not_miss(base_url: str, host: str, port: int) -> None:
    assert not misses(base_url, host, port)
