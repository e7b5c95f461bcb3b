# SPDX-License-Identifier: Apache-2.0
"""Links that are not made, or that break, and bonds that only one side has."""

from __future__ import annotations

import asyncio

from air import Code, IOCapability, Peripheral, Traits, comparison_lock, cuff, vanish
from captures.btsnoop import Capture
from captures.checks import SENT
from captures.outgoing import pair
from captures.stage import Agent, Check, Situation, Stage
from gateway.bluez import path_of
from gateway.other import OtherProgram

PIN_OR_KEY_MISSING, CONNECTION_TIMEOUT, FAILED_TO_BE_ESTABLISHED = 0x06, 0x08, 0x3E
LTK_REQUEST, LTK_NEGATIVE_REPLY = 0x05, 0x201B
LE_CREATE_CONNECTION, LE_CREATE_CONNECTION_CANCEL = 0x200D, 0x200E
# Of the management interface.
TIMEOUT, CANCELLED = 0x08, 0x10

PHONE = Traits("Phone", "D0:11:22:33:44:01", io_capability=IOCapability.DisplayYesNo, mitm=True)


async def dropped_at_once(stage: Stage) -> None:
    async with stage.known(cuff()) as device, Agent.open() as agent:
        device.device.once("connection", lambda _: device.hang_up(FAILED_TO_BE_ESTABLISHED))
        async with stage.recording():
            await agent.register("NoInputNoOutput")
            await agent.pair(path_of(device.traits.address))


def _deaf(device: Peripheral) -> None:
    device.controller.hears = False


async def gone(stage: Stage) -> None:
    async with stage.known(cuff()) as device, Agent.open() as agent:
        device.vanish()
        path = path_of(device.traits.address)
        async with stage.recording(), OtherProgram.open() as other:
            await agent.register("NoInputNoOutput")
            pairing = asyncio.create_task(agent.pair(path))
            # The kernel would look for it as long as bluetoothd does, which is two minutes.
            await asyncio.sleep(20)
            await other.call(path, "Device1", "CancelPairing")
            await pairing


async def forgotten_by_the_device(stage: Stage) -> None:
    async with stage.known(cuff()) as device, Agent.open() as agent, OtherProgram.open() as other:
        address = device.traits.address
        await agent.register("NoInputNoOutput")
        assert not await agent.pair(path_of(address))
        await other.call(path_of(address), "Device1", "Disconnect")
        await device.forget_bonds()
        async with stage.recording():
            await other.connect_known(address)


async def forgotten_here(stage: Stage) -> None:
    async with stage.air.add_central(PHONE) as phone, Agent.open() as agent:
        await agent.register("DisplayYesNo")
        await agent.become_default()
        await agent.advertise()
        assert await phone.pair()
        phone.hang_up()
        await stage.bluez.until(path_of(PHONE.address), "Device1", "Connected", False)
        await stage.bluez.remove_all()
        async with stage.recording():
            assert not await phone.encrypt()
            phone.hang_up()


def _connected(capture: Capture) -> bool:
    """Was there a Connection Complete of LE without error?"""
    return any(parameters[:2] == b"\x01\x00" for parameters in capture.events(0x3E))


SITUATIONS = [
    Situation(
        "bond-lost-by-device",
        "The cuff has forgotten the bond when a program connects it: PIN or Key Missing.",
        forgotten_by_the_device,
        [
            Check(
                "Encryption Change says PIN or Key Missing",
                lambda capture: [each[0] for each in capture.events(0x08)] == [PIN_OR_KEY_MISSING],
            ),
            Check("nobody paired", lambda capture: not capture.packets),
        ],
    ),
    Situation(
        "bond-lost-here",
        "A phone connects and encrypts with a bond that was removed here.",
        forgotten_here,
        [
            Check(
                "the phone wanted to encrypt",
                lambda capture: LTK_REQUEST in [parameters[0] for parameters in capture.events(0x3E)],
            ),
            Check("the kernel had no key", lambda capture: len(capture.commands(LTK_NEGATIVE_REPLY)) == 1),
            Check("nobody paired", lambda capture: not capture.packets),
        ],
    ),
    Situation(
        "connection-lost-before-pairing",
        "The link fails to be established, so no packet of the pairing is sent.",
        dropped_at_once,
        [
            Check("no packet was sent", lambda capture: not capture.packets),
            Check("the link was said to be there", _connected),
            Check("it failed to be established", lambda capture: capture.disconnected(FAILED_TO_BE_ESTABLISHED)),
        ],
        patched="the device ends the link before it sends anything",
    ),
    Situation(
        "connection-lost",
        "The lock's battery is taken out in mid-pairing; the supervision timeout ends the link.",
        pair(
            comparison_lock(),
            IOCapability.DisplayYesNo,
            lambda device: device.when_next(Code.PUBLIC_KEY, vanish),
        ),
        [
            Check(
                "this side's public key was the last packet",
                lambda capture: [(way, packet[0]) for way, packet in capture.packets][-1:] == [(SENT, Code.PUBLIC_KEY)],
            ),
            Check("the link timed out", lambda capture: capture.disconnected(CONNECTION_TIMEOUT)),
        ],
    ),
    Situation(
        "not-reachable",
        "The cuff is heard, and does not hear us; the kernel tries to connect it for 4 s.",
        pair(cuff(), IOCapability.NoInputNoOutput, _deaf),
        [
            Check("it was to be connected", lambda capture: bool(capture.commands(LE_CREATE_CONNECTION))),
            Check("that was cancelled", lambda capture: bool(capture.commands(LE_CREATE_CONNECTION_CANCEL))),
            Check("there was no link", lambda capture: not _connected(capture)),
            Check("Pair Device timed out", lambda capture: capture.pair_device_status == [TIMEOUT]),
        ],
    ),
    Situation(
        "not-heard",
        "The cuff is gone when Pair() is called; the program cancels the pairing after 20 s.",
        gone,
        [
            Check("nothing was connected", lambda capture: not capture.commands(LE_CREATE_CONNECTION)),
            Check("Pair Device was cancelled", lambda capture: capture.pair_device_status == [CANCELLED]),
        ],
    ),
]
