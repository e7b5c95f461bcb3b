# SPDX-License-Identifier: Apache-2.0
"""What every scenario stands on: one air and one bluetoothd for the session, and no devices left over."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from air import Air
from gateway.bluez import BlueZ


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
