# SPDX-License-Identifier: Apache-2.0
"""Controllers for BR/EDR, and the medium between them.

Bumble 0.0.236's controller has the link manager's Secure Simple Pairing, and claims no BR/EDR. What the kernel and
bluetoothd need beyond it is here: the commands of their start, inquiry, paging that fails, encryption, and PIN codes.
"""

from __future__ import annotations

import asyncio

from bumble import controller as bumble_controller
from bumble import core, hci, lmp
from bumble import link as bumble_link

from air import quirks
from air.link import Link as LowEnergyLink

INQUIRY_SCAN, PAGE_SCAN = 0x01, 0x02

# Seconds.
INQUIRY_TIME = 1.0
PAGE_TIMEOUT = 1.0

# The bit of the authentication requirements that asks for protection against a man in the middle.
MITM = 0x01

# Both sides have the same one, and nothing is really encrypted.
LEGACY_KEY = bytes(range(16))

Feature = hci.LmpFeatureMask
FEATURES = (
    Feature.ENCRYPTION
    | Feature.RSSI_WITH_INQUIRY_RESULTS
    | Feature.EXTENDED_INQUIRY_RESPONSE
    | Feature.LE_SUPPORTED_CONTROLLER
    | Feature.EXTENDED_FEATURES
)

# What the kernel writes or reads at its start, and whose success is all that it needs; with what is read.
ANSWERS = {
    hci.HCI_READ_VOICE_SETTING_COMMAND: bytes(2),
    hci.HCI_READ_NUMBER_OF_SUPPORTED_IAC_COMMAND: b"\x01",
    hci.HCI_READ_CURRENT_IAC_LAP_COMMAND: b"\x01\x33\x8b\x9e",
    hci.HCI_SET_EVENT_FILTER_COMMAND: b"",
    hci.HCI_WRITE_CONNECTION_ACCEPT_TIMEOUT_COMMAND: b"",
    hci.HCI_WRITE_INQUIRY_MODE_COMMAND: b"",
    hci.HCI_READ_INQUIRY_RESPONSE_TRANSMIT_POWER_LEVEL_COMMAND: b"\x00",
    hci.HCI_WRITE_DEFAULT_LINK_POLICY_SETTINGS_COMMAND: b"",
    hci.HCI_WRITE_AUTHENTICATION_ENABLE_COMMAND: b"",
    hci.HCI_WRITE_PAGE_SCAN_ACTIVITY_COMMAND: b"",
    hci.HCI_WRITE_PAGE_SCAN_TYPE_COMMAND: b"",
    hci.HCI_WRITE_CURRENT_IAC_LAP_COMMAND: b"",
    hci.HCI_WRITE_PAGE_TIMEOUT_COMMAND: b"",
    hci.HCI_WRITE_CLASS_OF_DEVICE_COMMAND: b"",
    hci.HCI_WRITE_SECURE_CONNECTIONS_HOST_SUPPORT_COMMAND: b"",
}


class Link(LowEnergyLink):
    """The medium between the controllers."""

    def send_acl_data(
        self,
        sender_controller: bumble_controller.Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        if transport is core.PhysicalTransport.LE:
            super().send_acl_data(sender_controller, destination_address, transport, data)
        else:
            bumble_link.LocalLink.send_acl_data(self, sender_controller, destination_address, transport, data)

    def send_lmp_packet(
        self, sender_controller: bumble_controller.Controller, receiver_address: hci.Address, packet: lmp.Packet
    ) -> None:
        """Bumble raises an exception where nobody is there to receive; a radio does not notice."""
        if self.find_classic_controller(receiver_address) is not None:
            super().send_lmp_packet(sender_controller, receiver_address, packet)


class Controller(quirks.Controller):
    """A controller for both transports, of the gateway or of a device."""

    def __init__(self, *arguments: object, simple_pairing: bool = True, **named: object) -> None:
        self.lmp_features = FEATURES
        if simple_pairing:
            self.lmp_features |= Feature.SECURE_SIMPLE_PAIRING_CONTROLLER_SUPPORT
        # What an inquiry finds.
        self.class_of_device = 0
        self.inquiry_response = bytes(240)
        self._inquiry: asyncio.Task[None] | None = None
        # The PIN codes that the hosts of links named, by the other side.
        self._pins: dict[hci.Address, bytes] = {}
        super().__init__(*arguments, **named)  # type: ignore[arg-type]

    def on_hci_command_packet(self, command: hci.HCI_Command) -> None:
        answer = ANSWERS.get(command.op_code)
        if answer is None:
            return super().on_hci_command_packet(command)
        success = hci.HCI_GenericReturnParameters(bytes([hci.HCI_ErrorCode.SUCCESS]) + answer)
        return self.send_hci_packet(
            hci.HCI_Command_Complete_Event(
                num_hci_command_packets=1, command_opcode=command.op_code, return_parameters=success
            )
        )

    def _status(self, command: hci.HCI_Command) -> None:
        self._send_hci_command_status(hci.HCI_ErrorCode.SUCCESS, command.op_code)

    def _peer(self, address: hci.Address) -> Controller | None:
        peer = self.link.find_classic_controller(address)
        return peer if isinstance(peer, Controller) else None

    # Inquiry and paging.

    def on_hci_inquiry_command(self, command: hci.HCI_Inquiry_Command) -> None:
        self._status(command)
        self._inquiry = asyncio.create_task(self._inquire())

    def on_hci_inquiry_cancel_command(
        self, _command: hci.HCI_Inquiry_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        if self._inquiry is not None:
            self._inquiry.cancel()
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    async def _inquire(self) -> None:
        await asyncio.sleep(INQUIRY_TIME / 10)
        for other in self.link.controllers:
            if isinstance(other, Controller) and other is not self and other.classic_scan_enable & INQUIRY_SCAN:
                self.send_hci_packet(
                    hci.HCI_Extended_Inquiry_Result_Event(
                        num_responses=1,
                        bd_addr=other.public_address,
                        page_scan_repetition_mode=1,
                        reserved=0,
                        class_of_device=other.class_of_device,
                        clock_offset=0,
                        rssi=-50,
                        extended_inquiry_response=other.inquiry_response,
                    )
                )
        await asyncio.sleep(INQUIRY_TIME)
        self.send_hci_packet(hci.HCI_Inquiry_Complete_Event(status=hci.HCI_ErrorCode.SUCCESS))

    def on_hci_create_connection_command(self, command: hci.HCI_Create_Connection_Command) -> None:
        peer = self._peer(command.bd_addr)
        if peer is not None and peer.classic_scan_enable & PAGE_SCAN:
            return super().on_hci_create_connection_command(command)
        self._status(command)
        asyncio.get_running_loop().call_later(
            PAGE_TIMEOUT,
            self.on_classic_connection_complete,
            command.bd_addr,
            hci.HCI_ErrorCode.PAGE_TIMEOUT_ERROR,
        )
        return None

    # Authentication.

    def on_hci_authentication_requested_command(self, command: hci.HCI_Authentication_Requested_Command) -> None:
        """Bumble pairs without asking for the key of a bond first, and goes on where an earlier pairing ended."""
        connection = self.find_classic_connection_by_handle(command.connection_handle)
        if connection is None:
            return super().on_hci_authentication_requested_command(command)
        self._status(command)
        connection.ssp_state = bumble_controller.SspState(is_initiator=True)
        self.send_hci_packet(hci.HCI_Link_Key_Request_Event(bd_addr=connection.peer_address))
        return None

    def on_hci_link_key_request_negative_reply_command(
        self, command: hci.HCI_Link_Key_Request_Negative_Reply_Command
    ) -> hci.HCI_StatusAndAddressReturnParameters:
        peer = self._peer(command.bd_addr)
        if peer is None or (self.pairs_simply and peer.pairs_simply):
            return super().on_hci_link_key_request_negative_reply_command(command)
        self.send_hci_packet(hci.HCI_PIN_Code_Request_Event(bd_addr=command.bd_addr))
        return hci.HCI_StatusAndAddressReturnParameters(hci.HCI_ErrorCode.SUCCESS, command.bd_addr)

    @property
    def pairs_simply(self) -> bool:
        return bool(self.lmp_features & Feature.SECURE_SIMPLE_PAIRING_HOST_SUPPORT)

    def on_lmp_packet(self, sender_address: hci.Address, packet: lmp.Packet) -> None:
        """Here too, Bumble goes on where an earlier pairing ended."""
        connection = self.classic_connections.get(sender_address)
        if isinstance(packet, lmp.LmpIoCapabilityReq) and connection is not None:
            connection.ssp_state = bumble_controller.SspState()
        super().on_lmp_packet(sender_address, packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Bumble tells both sides that the authentication is complete, and calls every key an authenticated one of
        Secure Connections, which leads the kernel to keys for LE."""
        if isinstance(packet, hci.HCI_Authentication_Complete_Event):
            connection = self.find_classic_connection_by_handle(packet.connection_handle)
            if connection is not None and not connection.ssp_state.is_initiator:
                return
        elif isinstance(packet, hci.HCI_Link_Key_Notification_Event) and (
            connection := self.classic_connections.get(packet.bd_addr)
        ):
            packet = hci.HCI_Link_Key_Notification_Event(
                bd_addr=packet.bd_addr, link_key=packet.link_key, key_type=_key_type(connection.ssp_state)
            )
        super().send_hci_packet(packet)

    # PIN codes.

    def on_hci_pin_code_request_reply_command(
        self, command: hci.HCI_PIN_Code_Request_Reply_Command
    ) -> hci.HCI_StatusAndAddressReturnParameters:
        self._pins[command.bd_addr] = bytes(command.pin_code[: command.pin_code_length])
        connection, peer = self.classic_connections.get(command.bd_addr), self._peer(command.bd_addr)
        if connection is not None and peer is not None:
            if connection.ssp_state.is_initiator:
                peer.send_hci_packet(hci.HCI_PIN_Code_Request_Event(bd_addr=self.public_address))
            else:
                peer.compare_pins(self.public_address)
        return hci.HCI_StatusAndAddressReturnParameters(hci.HCI_ErrorCode.SUCCESS, command.bd_addr)

    def on_hci_pin_code_request_negative_reply_command(
        self, command: hci.HCI_PIN_Code_Request_Negative_Reply_Command
    ) -> hci.HCI_StatusAndAddressReturnParameters:
        connection, peer = self.classic_connections.get(command.bd_addr), self._peer(command.bd_addr)
        if connection is not None and peer is not None:
            if connection.ssp_state.is_initiator:
                self._authenticated(connection, hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR)
            elif back := peer.classic_connections.get(self.public_address):
                peer._authenticated(back, hci.HCI_ErrorCode.PIN_OR_KEY_MISSING_ERROR)
        return hci.HCI_StatusAndAddressReturnParameters(hci.HCI_ErrorCode.SUCCESS, command.bd_addr)

    def compare_pins(self, address: hci.Address) -> None:
        """The other side has its PIN code too, so both know whether they came to the same key."""
        connection, peer = self.classic_connections.get(address), self._peer(address)
        if connection is None or peer is None:
            return
        if self._pins.get(address) != peer._pins.get(self.public_address):
            return self._authenticated(connection, hci.HCI_ErrorCode.AUTHENTICATION_FAILURE_ERROR)
        for side, other in (self, address), (peer, self.public_address):
            side.send_hci_packet(
                hci.HCI_Link_Key_Notification_Event(bd_addr=other, link_key=LEGACY_KEY, key_type=0)
            )
        return self._authenticated(connection, hci.HCI_ErrorCode.SUCCESS)

    def _authenticated(self, connection: bumble_controller.Connection, status: hci.HCI_ErrorCode) -> None:
        self.send_hci_packet(
            hci.HCI_Authentication_Complete_Event(status=status, connection_handle=connection.handle)
        )

    # Encryption.

    def on_hci_set_connection_encryption_command(self, command: hci.HCI_Set_Connection_Encryption_Command) -> None:
        self._status(command)
        connection = self.find_classic_connection_by_handle(command.connection_handle)
        peer = self._peer(connection.peer_address) if connection is not None else None
        if connection is None or peer is None:
            return
        self._encrypted(connection)
        if back := peer.classic_connections.get(self.public_address):
            peer._encrypted(back)

    def _encrypted(self, connection: bumble_controller.Connection) -> None:
        self.send_hci_packet(
            hci.HCI_Encryption_Change_Event(
                status=hci.HCI_ErrorCode.SUCCESS,
                connection_handle=connection.handle,
                encryption_enabled=hci.HCI_Encryption_Change_Event.Enabled.E0_OR_AES_CCM,
            )
        )


def _key_type(state: bumble_controller.SspState) -> hci.LinkKeyType:
    """What the two sides said of themselves makes the key; nothing is said of PIN codes."""
    capabilities = state.local_io_capability, state.peer_io_capability
    if None in capabilities:
        return hci.LinkKeyType.COMBINATION_KEY
    wants_protection = bool((state.local_auth_reqs | state.peer_auth_reqs) & MITM)
    if wants_protection and hci.IoCapability.NO_INPUT_NO_OUTPUT not in capabilities:
        return hci.LinkKeyType.AUTHENTICATED_COMBINATION_KEY_GENERATED_FROM_P_192
    return hci.LinkKeyType.UNAUTHENTICATED_COMBINATION_KEY_GENERATED_FROM_P_192
