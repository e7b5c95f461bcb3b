# SPDX-License-Identifier: Apache-2.0
"""Pairings that succeed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from air import Code, IOCapability, Peripheral, Reason, Traits, classic, comparison_lock, cuff, meter, refuse
from air.protocol import AuthReq
from captures.btsnoop import Opcode
from captures.checks import DEBUG, LEGACY, NO_FAILURE, RECEIVED, SECURE, SECURE_AUTHENTICATED, key, received
from captures.outgoing import pair
from captures.stage import Agent, Check, Situation, Stage
from gateway.bluez import path_of
from gateway.other import OtherProgram

# The first octets of its x coordinate, the least significant one first.
DEBUG_KEY = bytes.fromhex("e69d350e")

SENSOR = Traits("Thermometer", "C4:11:22:33:44:04", services=(0x1809,))
DEVELOPMENT_KIT = Traits("Development kit", "C4:11:22:33:44:05")

PHONE = classic.Traits("Phone", "00:1B:DC:11:22:01", class_of_device=0x5A020C)
CLASSIC_ADAPTER = "/org/bluez/hci1"


def asked_by(traits: Traits) -> Callable[[Stage], Awaitable[None]]:
    """The device asks for security as soon as another program has connected it, and the default agent says yes."""

    async def make(stage: Stage) -> None:
        async with stage.known(traits), Agent.open() as agent, OtherProgram.open() as other, stage.recording():
            await agent.register("DisplayYesNo")
            await agent.become_default()
            await other.connect_known(traits.address)

    return make


def use_debug_key(device: Peripheral) -> None:
    assert device.device.smp_manager is not None
    device.device.smp_manager.debug_mode = True


async def at_the_second_attempt(stage: Stage) -> None:
    async with stage.known(cuff()) as device, Agent.open() as agent:
        device.when_next(Code.PAIRING_REQUEST, refuse(Reason.CONFIRM_VALUE_FAILED))
        path = path_of(device.traits.address)
        async with stage.recording() as recorder:
            await agent.register("NoInputNoOutput")
            assert await agent.pair(path) == "AuthenticationFailed"
            # The kernel ends the first link; a Pair() before that would end with it.
            await recorder.quiet()
            assert not await agent.pair(path)


async def over_bredr(stage: Stage) -> None:
    async with stage.radio.add(PHONE), Agent.open() as agent:
        path = await found(stage, agent, PHONE)
        async with stage.recording():
            await agent.register("DisplayYesNo")
            await agent.pair(path)


async def found(stage: Stage, program: OtherProgram, traits: classic.Traits) -> str:
    """The path of a BR/EDR device, once it is found."""
    path = f"{CLASSIC_ADAPTER}/dev_{traits.address.replace(':', '_')}"
    await program.call(CLASSIC_ADAPTER, "Adapter1", "StartDiscovery")
    await stage.bluez.until(path, "Device1", "Address", traits.address, seconds=60)
    await program.call(CLASSIC_ADAPTER, "Adapter1", "StopDiscovery")
    await stage.bluez.until(CLASSIC_ADAPTER, "Adapter1", "Discovering", False)
    return path


SITUATIONS = [
    Situation(
        "paired-just-works",
        "A thermometer without display and keys is paired: LE Secure Connections, Just Works.",
        pair(SENSOR, IOCapability.NoInputNoOutput),
        [key(SECURE), NO_FAILURE],
    ),
    Situation(
        "paired-legacy",
        "A blood-pressure cuff is paired: LE legacy pairing, Just Works.",
        pair(cuff(), IOCapability.NoInputNoOutput),
        [key(LEGACY), NO_FAILURE],
    ),
    Situation(
        "paired-passkey",
        "The digits on a meter's display are entered here: LE Secure Connections.",
        pair(meter(passkey="123456"), IOCapability.KeyboardOnly, RequestPasskey=123456),
        [
            key(SECURE_AUTHENTICATED),
            NO_FAILURE,
            Check("twenty bits were checked", lambda capture: len(capture.of(Code.PAIRING_CONFIRM, RECEIVED)) == 20),
        ],
    ),
    Situation(
        "paired-comparison",
        "A door lock and this side show the same digits, and both persons say so.",
        pair(comparison_lock(), IOCapability.DisplayYesNo),
        [key(SECURE_AUTHENTICATED), NO_FAILURE, Check("the kernel asked", lambda capture: capture.asked > 0)],
    ),
    Situation(
        "incoming-paired",
        "A program connects the cuff, which asks for security; the default agent says yes.",
        asked_by(cuff(asks_first=True)),
        [
            key(LEGACY),
            NO_FAILURE,
            Check("a Security Request came", lambda capture: bool(capture.of(Code.SECURITY_REQUEST, RECEIVED))),
            Check("nobody called Pair()", lambda capture: not capture.management(Opcode.CONTROL_COMMAND, 0x0019)),
        ],
    ),
    Situation(
        "first-fails-then-works",
        "The cuff refuses the first attempt with Confirm Value Failed, and takes the second.",
        at_the_second_attempt,
        [
            key(LEGACY),
            received(Reason.CONFIRM_VALUE_FAILED),
            Check("there were two attempts", lambda capture: len(capture.requests) == 2),
        ],
    ),
    Situation(
        "security-request-first",
        "A lock that could compare digits asks for mere bonding when it is connected, so legacy Just Works it is.",
        asked_by(comparison_lock(asks_first=True, asks_for=AuthReq.BONDING)),
        [
            key(LEGACY),
            NO_FAILURE,
            Check(
                "the Security Request asks for bonding alone",
                lambda capture: capture.of(Code.SECURITY_REQUEST, RECEIVED) == [bytes([0x0B, AuthReq.BONDING])],
            ),
            Check(
                "the Pairing Request asks for no more",
                lambda capture: [each.auth_req for each in capture.requests] == [AuthReq.BONDING],
            ),
        ],
    ),
    Situation(
        "debug-key",
        "A development kit uses the specification's debug key, so the kernel does not keep the bond.",
        pair(DEVELOPMENT_KIT, IOCapability.NoInputNoOutput, use_debug_key),
        [
            key(DEBUG),
            NO_FAILURE,
            Check(
                "the debug key came",
                lambda capture: [each[1:5] for each in capture.of(Code.PUBLIC_KEY, RECEIVED)] == [DEBUG_KEY],
            ),
        ],
        patched="the device's key pair is the debug key pair",
    ),
    Situation(
        "bredr-paired",
        "BR/EDR: digits are compared with a phone.",
        over_bredr,
        [
            Check("Simple Pairing Complete says so", lambda capture: [each[0] for each in capture.events(0x36)] == [0]),
            Check("the kernel made an authenticated link key", lambda capture: capture.bredr_key_types == [5]),
        ],
        adapter=1,
    ),
]
