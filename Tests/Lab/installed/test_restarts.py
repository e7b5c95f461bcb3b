# SPDX-License-Identifier: Apache-2.0
"""What ends and comes back: the daemon, bluetoothd, the controller."""

from __future__ import annotations

import os
import signal

import pytest

from air import Air, Peripheral, cuff
from gateway.bluez import ADAPTER, BlueZ
from gateway.programs import MANAGER, get, pair
from installed import service
from scenarios.rules import CUFF


@pytest.fixture(autouse=True)
async def rule(bluez: BlueZ) -> None:
    service.write_rule(CUFF)
    await service.manage("reload", service.UNIT)


async def pairs(device: Peripheral, bluez: BlueZ) -> None:
    outcome = await pair(device.traits.address)
    assert (outcome.status, outcome.result, outcome.rule) == (0, "paired", "10-test"), outcome
    assert await bluez.bonded(device.traits.address)


async def test_a_daemon_that_hangs_is_started_anew_by_the_watchdog(air: Air, bluez: BlueZ) -> None:
    await service.drop_in("[Service]\nWatchdogSec=4s\n")
    await service.manage("restart", service.UNIT)
    daemon = await service.pid()
    os.kill(daemon, signal.SIGSTOP)
    await service.another_process(than=daemon)
    await service.says("DefaultAgent", "held")
    async with air.add(cuff()) as device:
        await pairs(device, bluez)
    assert (await service.properties())["Result"] == "success"
    told = await service.manager_records("Watchdog timeout")
    assert told, "systemd did not speak of its watchdog"


async def test_a_daemon_that_was_killed_is_started_anew(air: Air, bluez: BlueZ) -> None:
    daemon = await service.pid()
    os.kill(daemon, signal.SIGKILL)
    await service.another_process(than=daemon)
    await service.says("DefaultAgent", "held")
    async with air.add(cuff()) as device:
        await pairs(device, bluez)


async def test_a_restart_of_bluetoothd_leaves_the_daemon_running_and_in_its_place(air: Air, bluez: BlueZ) -> None:
    daemon = await service.pid()
    await service.manage("restart", service.BLUETOOTH)
    await bluez.ready()
    await service.says("DefaultAgent", "held")
    async with air.add(cuff()) as device:
        await pairs(device, bluez)
    assert await service.pid() == daemon


async def test_without_bluetoothd_the_daemon_runs_on_and_waits_for_it(air: Air, bluez: BlueZ) -> None:
    daemon = await service.pid()
    await service.manage("stop", service.BLUETOOTH)
    await service.until(service.BLUETOOTH, ActiveState="inactive")
    await service.says("BlueZ", "absent")
    unit = await service.properties()
    assert (unit["ActiveState"], int(unit["MainPID"])) == ("active", daemon)
    await service.manage("start", service.BLUETOOTH)
    await bluez.ready()
    await service.says("DefaultAgent", "held")
    assert await service.pid() == daemon


async def test_a_controller_that_is_unplugged_and_plugged_again_pairs(air: Air, bluez: BlueZ) -> None:
    daemon = await service.pid()
    await air.unplug()
    await service.says("Adapters", [])
    await air.plug()
    await bluez.ready()
    await service.says("Adapters", [ADAPTER])
    async with air.add(cuff()) as device:
        await pairs(device, bluez)
    assert await service.pid() == daemon
    assert await get(MANAGER, "Manager1", "DefaultAgent") == "held"
