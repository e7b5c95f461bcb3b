# SPDX-License-Identifier: Apache-2.0
"""What Bumble 0.0.236 does differently from a real controller or peripheral, mended.

One class per class of Bumble's, and one method per quirk; each says what goes wrong without it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress

from bumble import core, device, hci, ll, smp
from bumble import controller as bumble_controller
from bumble import link as bumble_link


class Sink:
    """What the controller writes to the kernel."""

    def __init__(self, file: int) -> None:
        self._file = file

    def on_packet(self, packet: bytes) -> None:
        """Bumble closes the file, and so takes the controller away, when the kernel refuses a packet (ENXIO) because
        the controller is off."""
        with suppress(OSError):
            os.write(self._file, packet)


class Link(bumble_link.LocalLink):
    """The medium between the controllers."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def send_acl_data(
        self,
        sender_controller: bumble_controller.Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Bumble takes the sender's random address as the source. The kernel sets a new one for each scan, and
        data on connections that were made with another one is lost ("no connection for ...")."""
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is not None and receiver is not None:
            asyncio.get_running_loop().call_soon(
                receiver.on_link_acl_data, connection.self_address, transport, data
            )

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Bumble raises an exception where nobody is there to receive; a radio does not notice."""
        if self.find_le_controller(receiver_address) is not None:
            super().send_ll_control_pdu(sender_address, receiver_address, packet)


class Controller(bumble_controller.Controller):
    """A controller, of the gateway or of a peripheral."""

    # Bumble claims extended advertising and LL privacy, but sends the old Connection Complete event. The kernel
    # then waits for the enhanced one, times out, and cannot disconnect later.
    le_features = bumble_controller.Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
        | hci.LeFeatureMask.LL_PRIVACY
    )

    # Does it hear who wants to connect it? What advertises is heard over there all the same.
    hears = True

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Bumble repeats the advertising data as the scan response, and answers passive scans with one too."""
        if self.le_scan_enable:
            report = hci.HCI_LE_Advertising_Report_Event
            self._report(pdu, report.EventType.ADV_IND, pdu.data)
            if self.le_scan_type == hci.HCI_LE_Set_Scan_Parameters_Command.ACTIVE_SCANNING:
                self._report(pdu, report.EventType.SCAN_RSP, self._scan_response(pdu.advertiser_address))
        pending, other = self.pending_le_connection, self.link.find_le_controller(pdu.advertiser_address)
        is_deaf = isinstance(other, Controller) and not other.hears
        if pending and pending.peer_address == pdu.advertiser_address and not is_deaf:
            self.create_le_connection(pdu.advertiser_address)

    def _report(self, pdu: ll.AdvInd | ll.AdvExtInd, event_type: int, data: bytes) -> None:
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=event_type,
            address_type=pdu.advertiser_address.address_type,
            address=pdu.advertiser_address,
            data=data,
            rssi=-50,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    def _scan_response(self, address: hci.Address) -> bytes:
        for other in self.link.controllers:
            if other is not self and other.le_legacy_advertiser.address == address:
                return other.le_legacy_advertiser.scan_response_data
        return b""

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Bumble says yes and goes on connecting: a device that comes back later is connected out of nowhere."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        asyncio.get_running_loop().call_soon(
            self.send_hci_packet,
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            ),
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command) -> hci.HCI_StatusReturnParameters:
        """Bumble resets nothing: after `rfkill`, the links are still there."""
        self.le_scan_enable = False
        self.pending_le_connection = None
        for connection in self.le_connections.values():
            connection.send_ll_control_pdu(ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR))
        self.le_connections.clear()
        return super().on_hci_reset_command(command)

    def terminate(self, connection: bumble_controller.Connection, reason: hci.HCI_ErrorCode) -> None:
        """End a connection without being asked by the host, which Bumble has no way to do."""
        connection.send_ll_control_pdu(ll.TerminateInd(reason))
        self.on_le_disconnected(connection, reason)

    def on_hci_le_set_advertising_enable_command(
        self, command: hci.HCI_LE_Set_Advertising_Enable_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Bumble advertises also after it has left the link. A host that was about to advertise again, because the
        connection had ended, leaves a ghost behind, which says what the device once said."""
        if self in self.link.controllers:
            return super().on_hci_le_set_advertising_enable_command(command)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def leave(self) -> None:
        """Leave the link. A controller that is only removed from it goes on advertising."""
        self.le_legacy_advertiser.stop()
        self.link.controllers.discard(self)


class Session(smp.Session):
    """One pairing."""

    def prompt_user_for_numeric_comparison(self, code: int, next_steps: Callable[[], None]) -> None:
        """Bumble refuses a comparison with 0x04 (confirm value failed) instead of 0x0c."""

        async def ask() -> None:
            if await self.pairing_config.delegate.compare_numbers(code, digits=6):
                next_steps()
            else:
                self.send_pairing_failed(smp.ErrorCode.NUMERIC_COMPARISON_FAILED)

        self.connection.cancel_on_disconnection(ask())


class Passkey(int):
    """Bumble asserts that the passkey is true, which 000000 is not."""

    def __bool__(self) -> bool:
        return True


class Manager(smp.Manager):
    """The Security Manager of one peripheral."""

    def on_smp_pdu(self, connection: device.Connection, pdu: bytes) -> None:
        """A session lives on after it ended, and swallows the next pairing on the same link."""
        session = self.sessions.get(connection.handle)
        if session is not None and session.completed and pdu[0] == smp.CommandCode.PAIRING_REQUEST:
            session.on_disconnection(0)
        super().on_smp_pdu(connection, pdu)


class Device(device.Device):
    """The host of one peripheral."""

    async def get_long_term_key(self, connection_handle: int, rand: bytes, ediv: int) -> bytes | None:
        """After legacy pairing, a peripheral that is connected again offers the central's key, which it files
        under its own name, and the link ends with a MIC failure."""
        connection = self.lookup_connection(connection_handle)
        if connection is not None and self.keystore is not None:
            in_session = self.smp_manager.get_long_term_key(connection, rand, ediv)
            keys = await self.keystore.get(str(connection.peer_address))
            if in_session is None and keys is not None and keys.ltk is None and keys.ltk_central is not None:
                return keys.ltk_central.value
        return await super().get_long_term_key(connection_handle, rand, ediv)
