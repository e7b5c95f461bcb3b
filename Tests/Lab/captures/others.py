# SPDX-License-Identifier: Apache-2.0
"""Phones that start a pairing, another program's agent, and PIN codes."""

from __future__ import annotations

from dataclasses import replace

from air import Code, Reason, Traits, refuse
from captures import paired
from captures.btsnoop import Opcode
from captures.checks import SENT, came, received, sent
from captures.stage import Agent, Check, No, Situation, Stage
from gateway.bluez import ADAPTER

REMOTE = Traits("Remote", "D0:11:22:33:44:03")
OLD_PHONE = replace(paired.PHONE, name="Old phone", address="00:1B:DC:11:22:04", simple_pairing=False, pin="0000")

AUTHENTICATION_FAILURE = 0x05


async def another_agent_answers(stage: Stage) -> None:
    async with stage.air.add_central(REMOTE) as remote, Agent.open() as ours, Agent.open() as another:
        another.answers = {"RequestAuthorization": No()}
        await ours.advertise()
        async with stage.recording():
            await ours.register("DisplayYesNo")
            await ours.become_default()
            await another.register("NoInputNoOutput")
            await another.become_default()
            await stage.bluez.until(ADAPTER, "Adapter1", "Pairable", True)
            assert not await remote.pair()
            assert (await another.asked.get()).member == "RequestAuthorization"
            assert ours.asked.empty()


async def key_rejected(stage: Stage) -> None:
    async with stage.air.add_central(replace(REMOTE, secure_connections=False)) as remote, Agent.open() as agent:
        await agent.advertise()
        remote.when_next(Code.ENCRYPTION_INFORMATION, refuse(Reason.KEY_REJECTED))
        async with stage.recording():
            await agent.register("DisplayYesNo")
            await agent.become_default()
            await stage.bluez.until(ADAPTER, "Adapter1", "Pairable", True)
            await remote.pair()


async def wrong_pin(stage: Stage) -> None:
    async with stage.radio.add(OLD_PHONE), Agent.open() as agent:
        agent.answers = {"RequestPinCode": "1234"}
        path = await paired.found(stage, agent, OLD_PHONE)
        async with stage.recording():
            await agent.register("DisplayYesNo")
            await agent.pair(path)


SITUATIONS = [
    Situation(
        "default-agent-taken",
        "Another program becomes the default agent, with another capability, and refuses a remote control.",
        another_agent_answers,
        [
            sent(Reason.NUMERIC_COMPARISON_FAILED),
            came(Code.PAIRING_REQUEST),
            Check(
                "the capability was changed",
                lambda capture: capture.management(Opcode.CONTROL_COMMAND, 0x0018) == [b"\x01", b"\x03"],
            ),
        ],
    ),
    Situation(
        "key-rejected",
        "A remote control starts a pairing, and rejects this side's long-term key.",
        key_rejected,
        [
            received(Reason.KEY_REJECTED),
            Check("a key was sent", lambda capture: bool(capture.of(Code.ENCRYPTION_INFORMATION, SENT))),
        ],
    ),
    Situation(
        "bredr-wrong-pin",
        "BR/EDR: the PIN codes of this side and an old phone differ.",
        wrong_pin,
        [
            Check("a PIN code was asked for", lambda capture: bool(capture.events(0x16))),
            Check(
                "Authentication Complete says Authentication Failure",
                lambda capture: {each[0] for each in capture.events(0x06)} == {AUTHENTICATION_FAILURE},
            ),
        ],
        adapter=1,
    ),
]
