# SPDX-License-Identifier: Apache-2.0
"""What every test stands on: the air, Debian's services as systemd started them, and the packages installed."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest

from air import Air
from gateway.bluez import BlueZ
from installed import packages, service


@pytest.fixture(scope="session")
async def air() -> AsyncIterator[Air]:
    async with Air.open() as air:
        yield air


@pytest.fixture(scope="session")
async def bluetoothd(air: Air) -> BlueZ:
    """Debian's own: systemd starts it when the controller is plugged."""
    bluez = BlueZ()
    await bluez.ready()
    return bluez


@pytest.fixture(scope="session")
async def files_before(bluetoothd: BlueZ) -> frozenset[str]:
    """What there was before the packages were installed. They are, from then on."""
    files = await packages.everything()
    await packages.install()
    return files


@pytest.fixture
async def bluez(files_before: frozenset[str], bluetoothd: BlueZ) -> AsyncIterator[BlueZ]:
    """A gateway as it is after the installation: no device known, no rule of the administrator's, the daemon ready."""
    await bluetoothd.remove_all()
    yield bluetoothd
    shutil.rmtree(service.DROP_INS, ignore_errors=True)
    for file in service.RULES.iterdir():
        file.unlink()
    await service.manage("daemon-reload")
    await service.manage("restart", service.UNIT)
    await service.says("DefaultAgent", "held")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The installation is looked at before anything changes, and removed at the end; then the document begins anew."""
    order = {"test_installation.py": 0, "test_removal.py": 2, "test_document.py": 3}
    items.sort(key=lambda item: order.get(item.path.name, 1))
