# SPDX-License-Identifier: Apache-2.0
"""Pairings that succeed."""

from __future__ import annotations

from dataclasses import replace

from air import Code, Direction, IOCapability, Reason, Traits, classic, comparison_lock, cuff, meter, refuse
from air.protocol import AuthReq
from captures.btsnoop import Capture, Opcode
from captures.outgoing import pair
from captures.stage import Agent, Situation, Stage
from gateway.bluez import path_of
from gateway.other import OtherProgram

RECEIVED, SENT = Direction.RECEIVED, Direction.SENT

# Types of long-term keys, as the kernel counts them.
LEGACY, LEGACY_AUTHENTICATED, SECURE, SECURE_AUTHENTICATED, DEBUG = range(5)

SENSOR = Traits("Thermometer", "C4:11:22:33:44:04", services=(0x1809,))

PHONE = classic.Traits("Phone", "00:1B:DC:11:22:01", class_of_device=0x5A020C)
CLASSIC_ADAPTER = "/org/bluez/hci1"


def keys_of(capture: Capture, key_type: int) -> dict[str, bool]:
    """What every LE pairing that succeeds shows."""
    return {
        f"the kernel made keys of type {key_type} alone": set(capture.key_types) == {key_type},
        "nobody sent Pairing Failed": not capture.failures(SENT) + capture.failures(RECEIVED),
    }


async def incoming(stage: Stage) -> None:
    async with stage.known(cuff(asks_first=True)) as device, Agent.open() as agent, OtherProgram.open() as other:
        async with stage.recording():
            await agent.register("DisplayYesNo")
            await agent.become_default()
            await other.connect_known(device.traits.address)


async def with_debug_key(stage: Stage) -> None:
    traits = replace(SENSOR, name="Development kit", address="C4:11:22:33:44:05")
    await pair(
        traits,
        IOCapability.NoInputNoOutput,
        lambda device: setattr(device.device.smp_manager, "debug_mode", True),
    )(stage)


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


async def after_a_weak_security_request(stage: Stage) -> None:
    """The device could compare digits, and asks for less than that as soon as it is connected."""
    traits = comparison_lock(asks_first=True, asks_for=AuthReq.BONDING)
    async with stage.known(traits) as device, Agent.open() as agent, OtherProgram.open() as other:
        async with stage.recording():
            await agent.register("DisplayYesNo")
            await agent.become_default()
            await other.connect_known(device.traits.address)


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
        lambda capture: keys_of(capture, SECURE),
    ),
    Situation(
        "paired-legacy",
        "A blood-pressure cuff is paired: LE legacy pairing, Just Works.",
        pair(cuff(), IOCapability.NoInputNoOutput),
        lambda capture: keys_of(capture, LEGACY),
    ),
    Situation(
        "paired-passkey",
        "The digits on a meter's display are entered here: LE Secure Connections.",
        pair(meter(passkey="123456"), IOCapability.KeyboardOnly, RequestPasskey=123456),
        lambda capture: keys_of(capture, SECURE_AUTHENTICATED)
        | {"twenty values were confirmed": len(capture.of(Code.PAIRING_CONFIRM, RECEIVED)) == 20},
    ),
    Situation(
        "paired-comparison",
        "A door lock and this side show the same digits, and both persons say so.",
        pair(comparison_lock(), IOCapability.DisplayYesNo),
        lambda capture: keys_of(capture, SECURE_AUTHENTICATED) | {"the kernel asked": capture.asked > 0},
    ),
    Situation(
        "incoming-paired",
        "A program connects the cuff, which asks for security; the default agent says yes.",
        incoming,
        lambda capture: keys_of(capture, LEGACY)
        | {
            "a Security Request came": bool(capture.of(Code.SECURITY_REQUEST, RECEIVED)),
            "nobody called Pair()": not capture.management(Opcode.CONTROL_COMMAND, 0x0019),
        },
    ),
    Situation(
        "first-fails-then-works",
        "The cuff refuses the first attempt with Confirm Value Failed, and takes the second.",
        at_the_second_attempt,
        lambda capture: {
            "Confirm Value Failed was received": capture.failed(RECEIVED, Reason.CONFIRM_VALUE_FAILED),
            "there were two attempts": len(capture.requests) == 2,
            "the kernel made legacy keys": set(capture.key_types) == {LEGACY},
        },
    ),
    Situation(
        "security-request-first",
        "A lock that could compare digits asks for mere bonding when it is connected, so legacy Just Works it is.",
        after_a_weak_security_request,
        lambda capture: keys_of(capture, LEGACY)
        | {
            "the Security Request asks for bonding alone": capture.of(Code.SECURITY_REQUEST, RECEIVED) == [b"\x0b\x01"],
            "the Pairing Request has no more": [each.auth_req for each in capture.requests] == [AuthReq.BONDING],
        },
    ),
    Situation(
        "debug-key",
        "A development kit uses the specification's debug key, so the kernel does not keep the bond.",
        with_debug_key,
        lambda capture: keys_of(capture, DEBUG)
        | {
            "the debug key came": [packet[1:5] for packet in capture.of(Code.PUBLIC_KEY, RECEIVED)]
            == [bytes.fromhex("e69d350e")],
        },
        patched="the device's key pair is the debug key pair",
    ),
    Situation(
        "bredr-paired",
        "BR/EDR: digits are compared with a phone.",
        over_bredr,
        lambda capture: {
            "Simple Pairing Complete says success": [each[0] for each in capture.events(0x36)] == [0],
            "the kernel made an authenticated link key": capture.bredr_key_types == [5],
        },
        adapter=1,
    ),
]
