"""Whatever is asked, as the description of the interface (/openapi.json) says or not, is answered as it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from webshop import KEY, NOW

from scheduler.web.app import create_app
from scheduler.web.site import Site
from scheduler.workspace import open_workspace

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def interface(tmp_path_factory: pytest.TempPathFactory, sqlite_file: Path) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(sqlite_file, folder / "rightreason.db")
    serve = {"write_key": KEY, "per_second": 1_000_000}
    with open_workspace(folder, secret="a secret of the tests", serve=serve) as workspace:
        yield schemathesis.openapi.from_asgi("/openapi.json", create_app(Site(workspace, lambda: NOW)))
        shutdown_lifespans()


@pytest.mark.parametrize("examples", [25, pytest.param(300, marks=pytest.mark.slow)])
def test_what_is_asked_is_answered_as_the_interface_says(interface: Any, examples: int) -> None:
    operations = [found.ok() for found in interface.get_all_operations()]
    assert len(operations) > 5
    for operation in operations:
        asked = st.one_of(*(operation.as_strategy(mode) for mode in schemathesis.GenerationMode))

        @given(asked)
        @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def answered_as_described(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS, auth=(KEY, ""))

        answered_as_described()
