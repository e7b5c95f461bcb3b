# SPDX-License-Identifier: Apache-2.0
"""One run of the virtual machine."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from host.environment import make_environment
from host.initramfs import make_initramfs
from host.kernel import Kernel, fetch_kernel
from host.packages import require_packages
from host.report import LabError, say
from host.root import kernel_of, make_root

LAB = Path(__file__).parent.parent

# Whose bluetoothd the guest runs: Debian's release, and the name under which mmdebstrap knows it.
RELEASES = {"12": "bookworm", "13": "trixie"}
# The release of the machine itself, whose own files serve, unless systemd shall run: it would start what is installed.
OWN_RELEASE = "12"

# The exit status for a guest whose kernel crashed.
KERNEL_CRASHED = 70
# The exit status for a guest that was to be killed, and was.
POWER_CUT = 71
# A line of the kernel's log after which nothing that the guest reports can be believed.
CRASH = re.compile(r"Kernel panic|kernel BUG at|BUG: |Oops: |general protection fault|list_(add|del) corruption")


@dataclass(frozen=True)
class Machine:
    """Everything that a boot needs, made and ready."""

    root: Path
    kernel: Kernel
    initramfs: Path
    python_packages: Path
    # A script of the folder guest/: "init", or "systemd".
    first_process: str

    @classmethod
    def prepare(cls, debian: str, first_process: str = "init") -> Machine:
        """For this release of Debian, one of `RELEASES`."""
        own_root = debian == OWN_RELEASE and first_process == "init"
        require_packages(own_root=own_root)
        root = Path("/") if own_root else make_root(RELEASES[debian])
        kernel = fetch_kernel() if own_root else kernel_of(root)
        return cls(root, kernel, make_initramfs(kernel), make_environment(root), first_process)

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        limit: float | None,
        interactive: bool = False,
        results: Path | None = None,
        devices: Sequence[str] = (),
        cut_at: bytes | None = None,
    ) -> int:
        """Boot, run the command, switch off. Returns the command's exit status.

        What the command leaves in /run/lab/results is copied into the folder `results`, whatever its status. `devices`
        are further arguments of QEMU. As soon as the guest says `cut_at`, QEMU is killed, and the status is POWER_CUT.
        """
        logs = Path(tempfile.mkdtemp(prefix="pairingd-lab-"))
        share = logs / "share"
        (share / "results").mkdir(parents=True)
        (share / "command").write_text(_script(command, environment, interactive))
        say(f"booting Linux {self.kernel.release} in QEMU (software emulation: a few seconds)")
        qemu = subprocess.Popen(
            [*self._command_line(share, logs / "kernel.log"), *devices],
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=None if interactive else subprocess.PIPE,
        )
        status = None
        try:
            with _ended_at_last(qemu):
                timed_out, was_cut = _follow(qemu, limit, cut_at)
            if was_cut:
                status = POWER_CUT
                return status
            if results is not None:
                shutil.copytree(share / "results", results, dirs_exist_ok=True)
            status = _status(share, logs, limit if timed_out else None)
        finally:
            if status in (0, POWER_CUT) or interactive:
                shutil.rmtree(logs, ignore_errors=True)
            else:
                say(f"exit status {status}; the logs are in {logs}: kernel.log, share/journal.log")
        return status

    def _command_line(self, share: Path, kernel_log: Path) -> list[str]:
        first_process = inside(LAB) / "guest" / self.first_process
        kernel_arguments = ["console=ttyS0", "loglevel=6", "panic=-1", "oops=panic", f"lab.init={first_process}"]
        return [
            # The kernel of the host ends QEMU if this process is killed without a chance to do it.
            *["setpriv", "--pdeathsig", "KILL"],
            # Software emulation on purpose: /dev/kvm may exist, answer, and still hang the guest.
            *["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"],
            *["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
            *["-kernel", str(self.kernel.image), "-initrd", str(self.initramfs), "-append", " ".join(kernel_arguments)],
            *["-chardev", f"file,id=log,path={kernel_log}", "-serial", "chardev:log"],
            *["-chardev", "stdio,id=console,signal=off", "-device", "virtio-serial-pci"],
            *["-device", "virtconsole,chardev=console"],
            *_share("root", self.root, "readonly=on,multidevs=remap"),
            *_share("host", Path("/"), "readonly=on,multidevs=remap"),
            *_share("share", share, "multidevs=remap"),
        ]


def inside(path: Path) -> Path:
    """Where the guest sees a file of the host."""
    return Path("/host") / path.absolute().relative_to("/")


def _share(tag: str, path: Path, options: str) -> list[str]:
    return ["-virtfs", f"local,path={path},mount_tag={tag},security_model=none,{options}"]


def _script(command: Sequence[str], environment: Mapping[str, str], interactive: bool) -> str:
    """What guest/init runs."""
    lines = ["#!/bin/bash"]
    if interactive:
        size = shutil.get_terminal_size()
        lines.append(f"stty rows {size.lines} cols {size.columns}")
    else:
        # The output is read by a program: line ends as they are, and nobody is there to press a key in a pager.
        lines.append("stty -opost")
        lines.append("set -o pipefail")
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines.append(f"cd {shlex.quote(str(inside(LAB)))}")
    lines.append(shlex.join(command) + ("" if interactive else " 2>&1 | cat"))
    return "\n".join(lines) + "\n"


def _follow(qemu: subprocess.Popen[bytes], limit: float | None, cut_at: bytes | None) -> tuple[bool, bool]:
    """Pass the guest's output on until QEMU ends. Was it ended because of the time limit? Because of what was said?"""
    said = b""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        qemu.kill()

    timer = threading.Timer(limit, expire) if limit else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        if qemu.stdout:
            while data := os.read(qemu.stdout.fileno(), 65536):
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
                said = said[-256:] + data
                if cut_at is not None and cut_at in said:
                    qemu.kill()
                    return False, True
        qemu.wait()
    finally:
        if timer:
            timer.cancel()
    return expired.is_set(), False


def _status(share: Path, logs: Path, expired_limit: float | None) -> int:
    kernel_log = (logs / "kernel.log").read_text(errors="replace").splitlines()
    crash = next((number for number, line in enumerate(kernel_log) if CRASH.search(line)), None)
    if crash is not None:
        say("the guest's kernel crashed:")
        print("\n".join(kernel_log[crash : crash + 25]), file=sys.stderr)
        return KERNEL_CRASHED
    if expired_limit is not None:
        say(f"the guest did not finish within {expired_limit:.0f} s and was ended")
        return 124
    try:
        return int((share / "status").read_text())
    except (OSError, ValueError):
        tail = "\n".join(kernel_log[-15:])
        raise LabError(f"the guest ended without a result; the end of its kernel's log:\n{tail}") from None


@contextmanager
def _ended_at_last(qemu: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends QEMU when the block is left, whatever the reason."""
    try:
        yield
    finally:
        if qemu.poll() is None:
            qemu.kill()
        qemu.wait()
        if qemu.stdout:
            qemu.stdout.close()
