# SPDX-License-Identifier: Apache-2.0
"""Pairings that the device refuses, or that it breaks."""

from __future__ import annotations

from air import Code, IOCapability, Peripheral, Reason, Traits, answer, comparison_lock, cuff, delay
from air import keyboard, meter, refuse, stay_silent
from captures.btsnoop import Capture, Opcode
from captures.checks import RECEIVED, SENT, came, received, sent
from captures.outgoing import Preparation, pair
from captures.stage import Check, Situation

NO_IO = IOCapability.NoInputNoOutput

SCALE = Traits("Scale", "C4:11:22:33:44:06", services=(0x181D,))


def refusing(reason: Reason, code: Code = Code.PAIRING_REQUEST) -> Preparation:
    return lambda device: device.when_next(code, refuse(reason))


def _says_no(device: Peripheral) -> None:
    device.agrees = False


def _lasted(capture: Capture) -> int:
    """Microseconds from the connection to its end."""
    events = [each for each in capture.records if each.opcode == Opcode.EVENT]
    began = next(each.time for each in events if each.payload[0] == 0x3E)
    return max((each.time for each in events if each.payload[0] == 0x05), default=began) - began


# A point that is not on the curve: both coordinates are 1.
OFF_CURVE = (1).to_bytes(32, "little") * 2

SITUATIONS = [
    Situation(
        "capability-mitm-device",
        "A lock demands protection against a man in the middle; our NoInputNoOutput cannot give it.",
        pair(comparison_lock(), NO_IO, refusing(Reason.AUTHENTICATION_REQUIREMENTS)),
        [received(Reason.AUTHENTICATION_REQUIREMENTS)],
    ),
    Situation(
        "wrong-passkey",
        "A wrong passkey is entered here: LE legacy pairing.",
        pair(
            meter(passkey="123456", secure_connections=False), IOCapability.KeyboardOnly, RequestPasskey=654321
        ),
        [received(Reason.CONFIRM_VALUE_FAILED)],
    ),
    Situation(
        "wrong-passkey-sc",
        "A wrong passkey is entered here: LE Secure Connections; the third bit gives it away.",
        pair(meter(passkey="123456"), IOCapability.KeyboardOnly, RequestPasskey=123460),
        [
            received(Reason.CONFIRM_VALUE_FAILED),
            Check("three bits were checked", lambda capture: len(capture.of(Code.PAIRING_CONFIRM, RECEIVED)) == 3),
        ],
    ),
    Situation(
        "passkey-not-entered",
        "A keyboard on which nobody types the passkey that this side shows gives up after two seconds.",
        pair(
            keyboard(),
            IOCapability.DisplayOnly,
            lambda device: device.when_next(Code.PAIRING_CONFIRM, delay(2, refuse(Reason.PASSKEY_ENTRY_FAILED))),
        ),
        [received(Reason.PASSKEY_ENTRY_FAILED)],
    ),
    Situation(
        "digits-differ",
        "The person at the lock says that its digits are others.",
        pair(comparison_lock(), IOCapability.DisplayYesNo, _says_no),
        [received(Reason.NUMERIC_COMPARISON_FAILED)],
    ),
    Situation(
        "not-in-pairing-mode",
        "The cuff is not in pairing mode: Pairing Not Supported.",
        pair(cuff(manufacturer_data=bytes.fromhex("0101b80064000000")), NO_IO, refusing(Reason.PAIRING_NOT_SUPPORTED)),
        [received(Reason.PAIRING_NOT_SUPPORTED)],
    ),
    Situation(
        "refused-without-reason",
        "The cuff answers the Pairing Request with Unspecified Reason.",
        pair(cuff(), NO_IO, refusing(Reason.UNSPECIFIED)),
        [
            received(Reason.UNSPECIFIED),
            Check(
                "this side was NoInputNoOutput",
                lambda capture: [each.io_capability for each in capture.requests] == [NO_IO],
            ),
        ],
    ),
    Situation(
        "out-of-band-missing",
        "A scale wants data that are told by other means than Bluetooth.",
        pair(SCALE, NO_IO, refusing(Reason.OOB_NOT_AVAILABLE)),
        [received(Reason.OOB_NOT_AVAILABLE)],
    ),
    Situation(
        "repeated-attempts",
        "A scale has had too many attempts.",
        pair(SCALE, NO_IO, refusing(Reason.REPEATED_ATTEMPTS)),
        [received(Reason.REPEATED_ATTEMPTS)],
    ),
    Situation(
        "protocol-error",
        "A scale finds this side's public key invalid: Invalid Parameters.",
        pair(SCALE, NO_IO, refusing(Reason.INVALID_PARAMETERS, Code.PUBLIC_KEY)),
        [received(Reason.INVALID_PARAMETERS)],
    ),
    Situation(
        "cross-transport",
        "A scale is being paired over BR/EDR already.",
        pair(SCALE, NO_IO, refusing(Reason.BREDR_PAIRING_IN_PROGRESS)),
        [received(Reason.BREDR_PAIRING_IN_PROGRESS)],
    ),
    Situation(
        "device-busy",
        "A scale is busy.",
        pair(SCALE, NO_IO, refusing(Reason.BUSY)),
        [received(Reason.BUSY)],
    ),
    Situation(
        "dhkey-check-failed",
        "A lock sends a wrong DHKey Check, so the kernel ends the pairing.",
        pair(
            comparison_lock(),
            IOCapability.DisplayYesNo,
            lambda device: device.when_next(Code.DHKEY_CHECK, answer(Code.DHKEY_CHECK, bytes(16))),
        ),
        [sent(Reason.DHKEY_CHECK_FAILED), came(Code.DHKEY_CHECK)],
        patched="the device's DHKey Check is 16 zeros",
    ),
    Situation(
        "invalid-public-key",
        "A lock sends a public key that is no point of the curve; the kernel says Unspecified Reason.",
        pair(
            comparison_lock(),
            IOCapability.DisplayYesNo,
            lambda device: device.when_next(Code.PUBLIC_KEY, answer(Code.PUBLIC_KEY, OFF_CURVE)),
        ),
        [
            # Not 0x0b, as the specification has it.
            sent(Reason.UNSPECIFIED),
            Check(
                "the key came",
                lambda capture: capture.of(Code.PUBLIC_KEY, RECEIVED) == [bytes([Code.PUBLIC_KEY]) + OFF_CURVE],
            ),
        ],
        patched="the device's public key is (1, 1)",
    ),
    Situation(
        "smp-timeout",
        "The cuff never answers the Pairing Request, and keeps the link; the kernel ends it after 30 s.",
        pair(cuff(), NO_IO, lambda device: device.whenever(Code.PAIRING_REQUEST, stay_silent)),
        [
            Check("no packet came", lambda capture: {direction for direction, _ in capture.packets} == {SENT}),
            Check("the link lasted for 30 s", lambda capture: _lasted(capture) > 29_000_000),
        ],
    ),
]
