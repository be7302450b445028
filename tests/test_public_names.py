import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from sample_shop import lay_down

import scheduler


def test_every_public_name_is_there_and_documented() -> None:
    silent = [name for name in scheduler.__all__ if not getattr(scheduler, name).__doc__]
    assert silent == []


def test_a_public_name_is_the_same_thing_as_in_its_own_module() -> None:
    from scheduler.decisions.decide import decide

    assert scheduler.decide is decide


def test_any_other_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'decode'"):
        getattr(scheduler, "decode")  # noqa: B009 - as an attribute the type checker would refuse it


def test_importing_the_package_loads_nothing_of_it() -> None:
    loaded = "import scheduler, sys; print([name for name in sys.modules if name.startswith('scheduler.')])"
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert result.stdout.strip() == "[]"


def test_the_example_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_down(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    now = 1_793_606_400_000_000  # 2 November 2026
    with scheduler.open_workspace(Path("shop")) as shop:
        shop.store.customers.add([("ana", {"email": "ana@example.com", "birthday": "1990-11-10"})], now=now)
        delivered = scheduler.Event("e1", "order_delivered", now, now, {"product": "the oven"})
        from scheduler.store import CustomerEvent

        shop.store.events.add([CustomerEvent("ana", delivered)], now=now)
    lines = [line for line in (scheduler.__doc__ or "").splitlines() if line.startswith("    ")]
    exec(dedent("\n".join(lines)), {"now": now})  # noqa: S102 - our own example
    assert "ana delivery_check_in contact ()" in capsys.readouterr().out
