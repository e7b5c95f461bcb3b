# SPDX-License-Identifier: Apache-2.0
"""A pairing that this side starts, by `Device1.Pair()` of a program with an agent: what most situations are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from air import IOCapability, Peripheral, Traits
from captures.stage import Agent, Answer, Stage
from gateway.bluez import path_of

Preparation = Callable[[Peripheral], object]


def pair(
    traits: Traits, capability: IOCapability, prepare: Preparation = lambda _: None, **answers: Answer
) -> Callable[[Stage], Awaitable[None]]:
    """With an agent of this capability, which gives these answers; the device is prepared before."""

    async def make(stage: Stage) -> None:
        async with stage.known(traits) as device, Agent.open() as agent:
            prepare(device)
            agent.answers = answers
            async with stage.recording():
                await agent.register(capability.name)
                await agent.pair(path_of(traits.address))

    return make
