# SPDX-License-Identifier: Apache-2.0
"""What several captures must show."""

from __future__ import annotations

from air import Code, Direction, Reason
from captures.stage import Check

RECEIVED, SENT = Direction.RECEIVED, Direction.SENT

# Types of long-term keys, as the kernel counts them.
LEGACY, LEGACY_AUTHENTICATED, SECURE, SECURE_AUTHENTICATED, DEBUG = range(5)

NO_FAILURE = Check(
    "nobody sent Pairing Failed",
    lambda capture: not capture.failures(SENT) and not capture.failures(RECEIVED),
)


def received(reason: Reason) -> Check:
    return Check(f"Pairing Failed was received once, {reason:#04x}", lambda capture: capture.failed(RECEIVED, reason))


def sent(reason: Reason) -> Check:
    return Check(f"Pairing Failed was sent once, {reason:#04x}", lambda capture: capture.failed(SENT, reason))


def came(code: Code) -> Check:
    return Check(f"{code.name} was received", lambda capture: bool(capture.of(code, RECEIVED)))


def key(key_type: int) -> Check:
    return Check(
        f"the kernel made long-term keys of type {key_type}, and no others",
        lambda capture: set(capture.key_types) == {key_type},
    )
