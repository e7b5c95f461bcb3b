# SPDX-License-Identifier: Apache-2.0
"""Rule files that are changed while the daemon runs."""

from __future__ import annotations

import signal

from air import Air, IOCapability, Peripheral, cuff
from gateway.bluez import BlueZ
from gateway.journal import record
from gateway.programs import Pairingd, pairingctl
from scenarios.conftest import Start
from scenarios.rules import rule

PAIRED = rule("BLEsmart_*", IOCapability.NoInputNoOutput)
LEFT_ALONE = rule("BLEsmart_*", IOCapability.NoInputNoOutput, 'initiate = "never"')
BROKEN = LEFT_ALONE.replace("initiate", "initiat")
LOCK = rule("Door lock", IOCapability.DisplayYesNo, confirmation='"ask"')


async def test_a_reload_lets_changed_rules_decide_the_next_pairing(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff()) as device, start(LEFT_ALONE) as daemon:
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.result, outcome.rule) == ("rejected-by-policy", "10-rule"), outcome
        daemon.replace_rules(PAIRED)
        # Nobody has told the daemon.
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.result, outcome.rule) == ("rejected-by-policy", "10-rule"), outcome
        assert device.tape.connections == 0
        done = await pairingctl("reload")
        assert done.status == 0, done.errors
        await pairs_now(daemon, bluez, device)


async def test_a_reload_of_broken_rules_says_where_they_are_and_changes_nothing(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    async with air.add(cuff()) as device, start(PAIRED) as daemon:
        error = break_rules(daemon)
        done = await pairingctl("reload")
        assert done.status == 1, done
        assert error in done.errors
        assert error in (await record(daemon.pid, "the rule files have errors"))["MESSAGE"]
        await pairs_now(daemon, bluez, device)


async def test_a_hang_up_signal_is_a_reload(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff()) as device, start(LEFT_ALONE) as daemon:
        daemon.replace_rules(PAIRED, LOCK)
        daemon.signal(signal.SIGHUP)
        await record(daemon.pid, "2 rules are in force")
        error = break_rules(daemon)
        daemon.signal(signal.SIGHUP)
        assert error in (await record(daemon.pid, "the rule files have errors"))["MESSAGE"]
        (shown,) = await daemon.manager("PolicyErrors")
        assert shown.startswith(error)
        await pairs_now(daemon, bluez, device)


def break_rules(daemon: Pairingd) -> str:
    """Put a broken file in the place of the rules. Returns what its error begins with."""
    (file,) = daemon.replace_rules(BROKEN)
    line = BROKEN[: BROKEN.index("initiat")].count("\n") + 1
    return f'{file}:{line}:1: error: unknown key "initiat"'


async def pairs_now(daemon: Pairingd, bluez: BlueZ, device: Peripheral) -> None:
    outcome = await daemon.pair(device.traits.address)
    assert (outcome.status, outcome.result, outcome.rule) == (0, "paired", "10-rule"), outcome
    assert await bluez.bonded(device.traits.address)
