# SPDX-License-Identifier: Apache-2.0
"""pairingd, bluetoothd or the controller dies in each state of a pairing that the device starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from air import Air, Code, IOCapability, Peripheral, stay_silent, stranger
from gateway.bluez import BlueZ
from gateway.other import OtherProgram
from scenarios.conftest import Start
from scenarios.kills import Stage, Victim, matrix, stage, until
from scenarios.rules import rule

GUEST = stranger(name="Guest", address="D0:99:88:77:66:56", asks_first=True)


def guest(answer: str, *lines: str) -> str:
    pairing = "\n".join(["accept-incoming = true", *lines])
    return rule("Guest", IOCapability.KeyboardDisplay, pairing, authorization=f'"{answer}"')


ACCEPTED = guest("accept")
ASKED = guest("ask")
# The first bond is too weak for it.
PARTICULAR = guest("accept", 'security = "authenticated"')
FOR_A_SESSION = guest("accept", 'bond = "session"')


async def pairing_(on: Stage) -> str:
    """pairingd has said yes, and the device leaves it at that."""
    on.device.whenever(Code.DHKEY_CHECK, stay_silent)
    pairing = await on.begun_by_device()
    await on.device.tape.until(Code.DHKEY_CHECK)
    await on.phase(pairing, "pairing")
    return pairing


async def waiting(on: Stage) -> str:
    pairing = await on.begun_by_device()
    await on.phase(pairing, "waiting-for-answer")
    return pairing


async def undoing(on: Stage) -> str:
    pairing = await on.begun_by_device()
    await on.phase(pairing, "undoing")
    return pairing


Reach = Callable[[Stage], Awaitable[str]]
STATES: dict[str, tuple[str, Reach]] = {
    "pairing": (ACCEPTED, pairing_),
    "waiting": (ASKED, waiting),
    "undoing": (PARTICULAR, undoing),
}


def expected(state: str, victim: Victim) -> str | None:
    match state, victim:
        # Nobody has said yes: no bond can come of it, and it is not written down.
        case "waiting", Victim.DAEMON:
            return None
        # It was decided already.
        case "undoing", Victim.CONTROLLER | Victim.RADIO:
            return "too-weak"
    return victim.result


@pytest.mark.parametrize(("state", "victim"), matrix(STATES, short=set()))
async def test_a_pairing_of_the_device(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, state: str, victim: Victim
) -> None:
    rule, reach = STATES[state]
    async with stage(air, bluez, start, somebody, GUEST, [rule]) as on:
        pairing = await reach(on)
        result = await on.survives(victim, pairing, expected(state, victim))
        await on.adapter_is_as_before()
        await on.has_no_bond()
        # Whoever holds the device gives up, and tries again.
        on.device.hang_up()
        on.daemon.replace_rules(ACCEPTED)
        await on.client.call("/org/pairingd", "Manager1", "Reload")
        await on.pairs_now(on.begun_by_device)
        assert await on.results(pairing) == ([] if result is None else [result]), "told again"
        # BlueZ may tell the end of the link before that of its adapter.
        early = {"connection-lost"} if victim in (Victim.CONTROLLER, Victim.RADIO) else set()
        assert result in {expected(state, victim)} | early


# For a pairing that we start.
SESSION = rule("Stranger", IOCapability.NoInputNoOutput, 'bond = "session"')


class Held:
    """Holds back what the device does next."""

    def __init__(self) -> None:
        self.let_go: Callable[[], None] = lambda: None

    def __call__(self, _peripheral: Peripheral, proceed: Callable[[], None]) -> None:
        self.let_go = proceed


@pytest.mark.parametrize(
    ("rule", "result"),
    [
        pytest.param(ACCEPTED, "paired", id="kept"),
        pytest.param(PARTICULAR, "interrupted", id="unverified", marks=pytest.mark.full),
        pytest.param(FOR_A_SESSION, "interrupted", id="session", marks=pytest.mark.full),
    ],
)
async def test_a_pairing_that_the_device_ends_while_pairingd_is_dead(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, rule: str, result: str
) -> None:
    held = Held()
    async with stage(air, bluez, start, somebody, GUEST, [rule]) as on:
        on.device.when_next(Code.DHKEY_CHECK, held)
        pairing = await on.begun_by_device()
        await on.device.tape.until(Code.DHKEY_CHECK)
        await on.phase(pairing, "pairing")
        await on.kill(Victim.DAEMON)
        held.let_go()
        await until(lambda: bluez.bonded(on.address), "BlueZ has the bond")
        await on.bring_back(Victim.DAEMON)
        await on.is_told(pairing, result)
        if result == "paired":
            await on.has_kept_bond()
        else:
            await on.has_no_bond()
        await on.nothing_is_unsettled()
        await on.adapter_is_as_before()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.full
async def test_a_bond_for_a_session_goes_with_the_link_after_a_kill(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, when: str
) -> None:
    """The link ends before or after pairingd is there again."""
    async with stage(air, bluez, start, somebody, stranger(), [SESSION]) as on:
        pairing = await on.client.pair(on.address)
        assert (await on.client.result(pairing))["Result"] == "paired"
        assert await bluez.bonded(on.address)
        await on.kill(Victim.DAEMON)
        if when == "before":
            on.device.hang_up()
            await until(lambda: not_(bluez.connected(on.address)), "the link is gone")
        await on.bring_back(Victim.DAEMON)
        if when == "after":
            assert await bluez.bonded(on.address)
            on.device.hang_up()
        await on.has_no_bond()
        await on.nothing_is_unsettled()


async def not_(question: Awaitable[bool]) -> bool:
    return not await question
