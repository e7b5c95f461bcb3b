# SPDX-License-Identifier: Apache-2.0
"""Pairings that end on this side: by an agent, by a program, by the kernel."""

from __future__ import annotations

import asyncio

from air import Code, IOCapability, Reason, Traits, comparison_lock, cuff
from captures.btsnoop import Capture, Opcode
from captures.checks import NO_FAILURE, SENT, came, sent
from captures.outgoing import pair
from captures.security import Level, demanding
from captures.stage import Agent, Check, Never, No, Situation, Stage
from gateway.bluez import ADAPTER, path_of
from gateway.other import OtherProgram
from gateway.programs import pairingd
from scenarios.rules import rule

BUTTON = Traits("Button", "C4:11:22:33:44:07")


async def without_agent(stage: Stage) -> None:
    async with stage.known(comparison_lock()) as device, Agent.open() as program, stage.recording():
        await program.pair(path_of(device.traits.address))


async def a_mere_button(stage: Stage) -> None:
    await _demand(stage, BUTTON, Level.HIGH)


async def a_short_key(stage: Stage) -> None:
    await _demand(stage, comparison_lock(key_size=10), Level.FIPS)


async def _demand(stage: Stage, traits: Traits, level: Level) -> None:
    async with stage.known(traits), Agent.open() as agent, stage.recording() as recorder:
        await agent.register("DisplayYesNo")
        await agent.become_default()
        with demanding(traits.address, traits.public, level):
            await recorder.quiet()


async def cancelled(stage: Stage) -> None:
    async with stage.known(comparison_lock()) as device, Agent.open() as agent, OtherProgram.open() as other:
        agent.answers = {"RequestConfirmation": Never()}
        path = path_of(device.traits.address)
        async with stage.recording():
            await agent.register("DisplayYesNo")
            pairing = asyncio.create_task(agent.pair(path))
            await agent.asked.get()
            await other.call(path, "Device1", "CancelPairing")
            await pairing


async def expired(stage: Stage) -> None:
    lock = comparison_lock()
    text = rule("Door lock", IOCapability.DisplayYesNo, confirmation='"ask"')
    async with stage.known(lock), pairingd(stage.folder, text) as daemon, stage.recording():
        outcome = await daemon.pair(lock.address)
        assert outcome.result == "expired", outcome


async def not_bondable(stage: Stage) -> None:
    async with stage.known(cuff(asks_first=True)) as device, Agent.open() as agent, OtherProgram.open() as other:
        async with stage.recording():
            await agent.register("DisplayYesNo")
            # Whoever becomes the default agent makes the adapter pairable.
            await agent.become_default()
            await stage.bluez.until(ADAPTER, "Adapter1", "Pairable", True)
            await stage.bluez.set(ADAPTER, "Adapter1", "Pairable", "b", "false")
            await stage.bluez.until(ADAPTER, "Adapter1", "Pairable", False)
            await other.connect_known(device.traits.address)


def _took(capture: Capture) -> int:
    """Microseconds from the kernel's question to Pairing Failed."""
    question = Opcode.CONTROL_EVENT, 0x000F
    asked = next(each.time for each in capture.records if (each.opcode, each.control_code) == question)
    (failed,) = capture.times(Code.PAIRING_FAILED, SENT)
    return failed - asked


SITUATIONS = [
    Situation(
        "no-agent",
        "No program has an agent, so bluetoothd says no to the kernel's question.",
        without_agent,
        [
            sent(Reason.NUMERIC_COMPARISON_FAILED),
            Check("no agent set a capability", lambda capture: not capture.management(Opcode.CONTROL_COMMAND, 0x0018)),
        ],
    ),
    Situation(
        "rejected-here",
        "The person on this side says that the digits differ.",
        pair(comparison_lock(), IOCapability.DisplayYesNo, RequestConfirmation=No()),
        [sent(Reason.NUMERIC_COMPARISON_FAILED)],
    ),
    Situation(
        "answer-expired",
        "Nobody answers pairingd's request, so it says no after 25 s.",
        expired,
        [
            sent(Reason.NUMERIC_COMPARISON_FAILED),
            Check("that was 25 s after the question", lambda capture: 24_000_000 < _took(capture) < 29_000_000),
        ],
    ),
    Situation(
        "answer-never-given",
        "An agent never answers; the kernel ends the link after 30 s.",
        pair(comparison_lock(), IOCapability.DisplayYesNo, RequestConfirmation=Never()),
        [
            NO_FAILURE,
            Check("the kernel asked", lambda capture: capture.asked > 0),
            Check("the link ended", lambda capture: bool(capture.events(0x05))),
        ],
    ),
    Situation(
        "cancelled-here",
        "Another program calls CancelPairing() while the agent is asked.",
        cancelled,
        [
            sent(Reason.UNSPECIFIED),
            Check("it was cancelled", lambda capture: bool(capture.management(Opcode.CONTROL_COMMAND, 0x001A))),
        ],
    ),
    Situation(
        "not-bondable",
        "The adapter is not pairable, and the cuff asks for a bond.",
        not_bondable,
        [sent(Reason.PAIRING_NOT_SUPPORTED), came(Code.SECURITY_REQUEST)],
    ),
    Situation(
        "capability-mitm-ours",
        "A program's socket demands protection against a man in the middle; a button cannot give it.",
        a_mere_button,
        [sent(Reason.AUTHENTICATION_REQUIREMENTS), came(Code.PAIRING_RESPONSE)],
    ),
    Situation(
        "key-too-short",
        "A program's socket demands keys of 16 octets; a lock has 10.",
        a_short_key,
        [sent(Reason.ENCRYPTION_KEY_SIZE), came(Code.PAIRING_RESPONSE)],
        patched="the device's maximum key size is 10; Bumble would not shorten the key",
    ),
]
