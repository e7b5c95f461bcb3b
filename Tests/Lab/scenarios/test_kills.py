# SPDX-License-Identifier: Apache-2.0
"""pairingd, bluetoothd or the controller dies in each state of a pairing that we start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from air import Air, Code, IOCapability, Traits, comparison_lock, cuff, stay_silent, stranger
from gateway.bluez import ADAPTER, BlueZ
from gateway.other import OtherProgram
from scenarios.conftest import Start
from scenarios.kills import Stage, Victim, matrix, stage, until
from scenarios.rules import CUFF, rule

LOCK = rule("Door lock", IOCapability.DisplayYesNo, confirmation='"ask"')
STRANGER = rule("Stranger", IOCapability.NoInputNoOutput)
# No pairing with a device that can neither show nor ask anything reaches it.
PARTICULAR = rule("Stranger", IOCapability.KeyboardDisplay, 'security = "authenticated"')
PLAIN = [CUFF, LOCK, STRANGER]
# Nothing stands in the way of the next pairing.
EASY = [CUFF, LOCK.replace('"ask"', '"accept"'), STRANGER]


# How each state is reached: the pairing's path.


async def queued(on: Stage) -> str:
    other = await on.add(stranger())
    other.whenever(Code.PAIRING_REQUEST, stay_silent)
    await on.phase(await on.client.pair(other.traits.address), "pairing")
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "queued")
    return pairing


async def preparing(on: Stage) -> str:
    """bluetoothd takes two seconds to end the link of another program."""
    await on.somebody.connect(on.bluez, on.address)
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "preparing")
    return pairing


async def discovering(on: Stage) -> str:
    on.device.vanish()
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "discovering")
    await until(lambda: on.bluez.get(ADAPTER, "Adapter1", "Discovering"), "a discovery runs")
    return pairing


async def connecting(on: Stage) -> str:
    """BlueZ knows the device, which is not there any more."""
    await on.somebody.find(on.bluez, on.address)
    on.device.vanish()
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "connecting")
    return pairing


async def pairing_(on: Stage) -> str:
    on.device.whenever(Code.PAIRING_REQUEST, stay_silent)
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "pairing")
    await on.device.tape.until(Code.PAIRING_REQUEST)
    return pairing


async def waiting(on: Stage) -> str:
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "waiting-for-answer")
    return pairing


async def keeping(on: Stage) -> str:
    on.device.withhold_services()
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "keeping")
    return pairing


async def undoing(on: Stage) -> str:
    """The bond is too weak, and bluetoothd takes two seconds to end the link before it removes it."""
    pairing = await on.client.pair(on.address)
    await on.phase(pairing, "undoing")
    return pairing


Reach = Callable[[Stage], Awaitable[str]]
STATES: dict[str, tuple[Traits, list[str], Reach]] = {
    "queued": (cuff(), PLAIN, queued),
    "preparing": (cuff(), PLAIN, preparing),
    "discovering": (cuff(), PLAIN, discovering),
    "connecting": (cuff(), PLAIN, connecting),
    "pairing": (cuff(), PLAIN, pairing_),
    "waiting": (comparison_lock(), PLAIN, waiting),
    "keeping": (cuff(), PLAIN, keeping),
    "undoing": (stranger(), [PARTICULAR], undoing),
}


def expected(state: str, victim: Victim) -> str | None:
    match state, victim:
        # What is not on the air yet is not written down, and a daemon that is killed takes it along.
        case "queued" | "preparing" | "discovering", Victim.DAEMON:
            return None
        # The bond was there already.
        case "keeping", Victim.DAEMON | Victim.CONTROLLER | Victim.RADIO:
            return "paired"
        # So was the decision.
        case "undoing", Victim.CONTROLLER | Victim.RADIO:
            return "too-weak"
    return victim.result


@pytest.mark.parametrize(("state", "victim"), matrix(STATES, short={("pairing", Victim.DAEMON)}))
async def test_a_pairing_of_ours(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, state: str, victim: Victim
) -> None:
    traits, rules, reach = STATES[state]
    async with stage(air, bluez, start, somebody, traits, rules) as on:
        pairing = await reach(on)
        result = await on.survives(victim, pairing, expected(state, victim))
        await on.adapter_is_as_before()
        if result == "paired":
            await on.has_kept_bond()
            await on.nothing_is_unsettled()
        else:
            await on.has_no_bond()
            on.daemon.replace_rules(*EASY)
            await on.client.call("/org/pairingd", "Manager1", "Reload")
            await on.pairs_now(lambda: on.client.pair(on.address))
        assert await on.results(pairing) == ([] if result is None else [result]), "told again"
        # BlueZ may tell the end of the pairing before that of its adapter.
        lost = {"failed", "connection-lost", "not-reachable"}
        early = lost if victim in (Victim.CONTROLLER, Victim.RADIO) else set()
        assert result in {expected(state, victim)} | early
