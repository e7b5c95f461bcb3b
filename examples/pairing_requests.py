# SPDX-License-Identifier: Apache-2.0
"""Follows pairingd's requests; what web-hook and phone-notification share. It needs Debian's python3-dbus and python3-gi."""

from __future__ import annotations

import dataclasses
import ipaddress
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the server that was named, and to no other that this one points to."""

    def redirect_request(self, *_: object) -> None:
        return None


# In place of urllib.request.urlopen.
web = urllib.request.build_opener(_NoRedirect)

SERVICE = "org.pairingd"
REQUEST = "org.pairingd.Request1"
MANAGER = "org.freedesktop.DBus.ObjectManager"
NOBODY = 0xFFFF_FFFF


@dataclasses.dataclass(frozen=True)
class Request:
    """A question that is open. Its texts are the device's own; pairingd has escaped them."""

    path: str
    kind: str
    address: str
    name: str
    rule: str
    service: str
    deadline: int
    """Microseconds since the epoch."""

    @property
    def number(self) -> int:
        return int(self.path.rpartition("/")[2])

    @property
    def is_yes_or_no(self) -> bool:
        return self.kind in ("authorization", "confirmation", "service", "repair")


class Approver:
    """Subclasses are told of requests on the main loop, and answer when they like: the first answer counts."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self.bus = dbus.SystemBus(mainloop=dbus.mainloop.glib.DBusGMainLoop())
        # First listen, then read: nothing is missed.
        self.bus.add_signal_receiver(self._added, "InterfacesAdded", MANAGER, SERVICE)
        self.bus.add_signal_receiver(self._finished, "Finished", REQUEST, SERVICE, path_keyword="path")
        self.bus.watch_name_owner(SERVICE, self._owner_changed)

    def run(self) -> None:
        GLib.MainLoop().run()

    def opened(self, request: Request) -> None:
        """It waits for an answer."""

    def finished(self, request: Request, outcome: str, user: int | None) -> None:
        """It has ended, by the answer of a user or without one."""

    def accept(self, request: Request) -> None:
        self._answer(request, "Accept")

    def reject(self, request: Request) -> None:
        self._answer(request, "Reject")

    def digits(self, request: Request) -> str:
        """The digits to compare; empty where pairingd does not give them."""
        try:
            return str(self._object(request).Reveal())
        except dbus.DBusException as error:
            print(f"request {request.number}: {error.get_dbus_message()}", flush=True)
            return ""

    def _answer(self, request: Request, method: str) -> None:
        try:
            self._object(request).get_dbus_method(method)()
            print(f"request {request.number}: {method}", flush=True)
        except dbus.DBusException as error:
            # Somebody else was first, or the time is over.
            print(f"request {request.number}: {error.get_dbus_message()}", flush=True)

    def _object(self, request: Request) -> dbus.Interface:
        return dbus.Interface(self.bus.get_object(SERVICE, request.path, introspect=False), REQUEST)

    def _owner_changed(self, owner: str) -> None:
        self.requests = {}
        if not owner:
            return
        root = dbus.Interface(self.bus.get_object(SERVICE, "/org/pairingd", introspect=False), MANAGER)
        for path, interfaces in root.GetManagedObjects().items():
            self._added(path, interfaces)

    def _added(self, path: str, interfaces: Mapping[str, Mapping[str, object]]) -> None:
        values = interfaces.get(REQUEST)
        if values is None or values["State"] != "open" or path in self.requests:
            return
        request = Request(
            path=str(path),
            kind=str(values["Kind"]),
            address=str(values["Address"]),
            name=str(values["Name"]),
            rule=str(values["Rule"]),
            service=str(values["Service"]),
            deadline=int(str(values["Deadline"])),
        )
        self.requests[request.path] = request
        self.opened(request)

    def _finished(self, outcome: str, user: int, path: str) -> None:
        request = self.requests.pop(path, None)
        if request is not None:
            self.finished(request, str(outcome), None if user == NOBODY else int(user))


def in_background(work: Callable[[], Callable[[], None] | None]) -> None:
    """Does what takes long in a thread of its own, and what that returns on the main loop."""

    def run() -> None:
        then = work()
        if then is not None:
            GLib.idle_add(lambda: then() and False)

    threading.Thread(target=run, daemon=True).start()


def checked(url: str) -> str:
    """The address, if what is sent there can neither be read nor changed on its way."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return url
    raise SystemExit(f"{url}: use https; a yes over plain http could be anybody's")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
