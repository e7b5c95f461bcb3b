# SPDX-License-Identifier: Apache-2.0
"""`systemctl reload pairingd`."""

from __future__ import annotations

from air import Air, cuff
from gateway.bluez import BlueZ
from gateway.programs import pair
from installed import service
from scenarios.rules import CUFF

LEFT_ALONE = CUFF.replace("[answer]", 'initiate = "never"\n\n[answer]')


async def test_a_reload_takes_a_new_rule_into_force(air: Air, bluez: BlueZ) -> None:
    daemon = await service.pid()
    async with air.add(cuff()) as device:
        service.write_rule(LEFT_ALONE)
        await service.manage("reload", service.UNIT)
        outcome = await pair(device.traits.address)
        assert (outcome.result, outcome.rule) == ("rejected-by-policy", "10-test"), outcome
        service.write_rule(CUFF)
        await service.manage("reload", service.UNIT)
        outcome = await pair(device.traits.address)
        assert (outcome.result, outcome.rule) == ("paired", "10-test"), outcome
    assert await service.pid() == daemon


async def test_a_reload_of_a_broken_rule_fails_and_says_where_and_changes_nothing(air: Air, bluez: BlueZ) -> None:
    service.write_rule(CUFF)
    await service.manage("reload", service.UNIT)
    daemon = await service.pid()
    file = service.write_rule(CUFF.replace("authorization", "authorisation"))
    failed = await service.systemctl("reload", service.UNIT)
    assert failed.status != 0
    line = CUFF[: CUFF.index("authorization")].count("\n") + 1
    where = f'{file}:{line}:1: error: unknown key "authorisation"'
    # What `journalctl -u pairingd` and `systemctl status` show.
    await service.record(where)
    unit = await service.properties()
    assert (unit["ActiveState"], int(unit["MainPID"])) == ("active", daemon)
    async with air.add(cuff()) as device:
        outcome = await pair(device.traits.address)
        assert (outcome.result, outcome.rule) == ("paired", "10-test"), outcome
