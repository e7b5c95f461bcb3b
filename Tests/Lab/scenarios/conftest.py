# SPDX-License-Identifier: Apache-2.0
"""What every scenario stands on: one air and one bluetoothd for the session, and no devices left over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from air import Air
from gateway.bluez import BlueZ
from gateway.other import OtherProgram
from gateway.programs import BINARIES, Pairingd, pairingd

# Starts the daemon with the rule files given, and with a pairingd.toml where one is wanted:
# `async with start(CUFF, configuration="...") as daemon:`.
Start = Callable[..., AbstractAsyncContextManager[Pairingd]]


@pytest.fixture(scope="session")
async def air() -> AsyncIterator[Air]:
    async with Air.open() as air:
        yield air


@pytest.fixture(scope="session")
async def bluetoothd(air: Air) -> AsyncIterator[BlueZ]:
    bluez = BlueZ()
    await bluez.start()
    yield bluez
    await bluez.stop()


@pytest.fixture
async def bluez(bluetoothd: BlueZ) -> AsyncIterator[BlueZ]:
    """bluetoothd, with no device known when a test starts."""
    await bluetoothd.remove_all()
    yield bluetoothd


@pytest.fixture
def start(tmp_path: Path, bluez: BlueZ) -> Start:
    if not (BINARIES / "pairingd").exists():
        pytest.fail(f"no pairingd in {BINARIES}; `make` builds it", pytrace=False)
    return lambda *rules, configuration="": pairingd(tmp_path, *rules, configuration=configuration)


@pytest.fixture
async def somebody() -> AsyncIterator[OtherProgram]:
    """Another program that uses BlueZ, beside the daemon."""
    async with OtherProgram.open() as somebody:
        yield somebody


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The lab proves itself first, and what the daemon takes is told last."""
    order = {"test_the_lab.py": 0, "test_footprint.py": 2}
    items.sort(key=lambda item: order.get(item.path.name, 1))
