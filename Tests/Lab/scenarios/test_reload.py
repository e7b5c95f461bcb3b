# SPDX-License-Identifier: Apache-2.0
"""Rule files that are changed while the daemon runs."""

from __future__ import annotations

import signal

import pytest

from air import Air, IOCapability, cuff
from gateway.bluez import BlueZ
from gateway.journal import record
from gateway.programs import Pairingd, pairingctl
from scenarios.conftest import Start
from scenarios.rules import rule

PAIRED = rule("BLEsmart_*", IOCapability.NoInputNoOutput)
LEFT_ALONE = rule("BLEsmart_*", IOCapability.NoInputNoOutput, 'initiate = "never"')
BROKEN = LEFT_ALONE.replace("initiate", "initiat")
LOCK = rule("Door lock", IOCapability.DisplayYesNo, confirmation='"ask"')

both_ways = pytest.mark.parametrize("way", ["pairingctl", "SIGHUP"])


@both_ways
async def test_changed_rules_decide_the_next_pairing(air: Air, bluez: BlueZ, start: Start, way: str) -> None:
    async with air.add(cuff()) as device, start(LEFT_ALONE) as daemon:
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.result, outcome.rule) == ("rejected-by-policy", "10-rule"), outcome
        daemon.replace_rules(PAIRED, LOCK)
        # Nobody has told the daemon.
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.result, outcome.rule) == ("rejected-by-policy", "10-rule"), outcome
        if way == "SIGHUP":
            daemon.signal(signal.SIGHUP)
        else:
            done = await pairingctl("reload")
            assert done.status == 0, done.errors
        await record(daemon.pid, "2 rules are in force")
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert await bluez.bonded(device.traits.address)


@both_ways
async def test_broken_rules_change_nothing_and_say_where_they_are(
    air: Air, bluez: BlueZ, start: Start, way: str
) -> None:
    async with air.add(cuff()) as device, start(PAIRED) as daemon:
        (file,) = daemon.replace_rules(BROKEN)
        line = BROKEN[: BROKEN.index("initiat")].count("\n") + 1
        error = f'{file}:{line}:1: error: unknown key "initiat"'
        if way == "SIGHUP":
            daemon.signal(signal.SIGHUP)
        else:
            done = await pairingctl("reload")
            assert done.status == 1, done
            assert error in done.errors
        assert error in (await record(daemon.pid, "the rule files have errors"))["MESSAGE"]
        (shown,) = await daemon.manager("PolicyErrors")
        assert shown.startswith(error)
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result, outcome.rule) == (0, "paired", "10-rule"), outcome
        assert await bluez.bonded(device.traits.address)
