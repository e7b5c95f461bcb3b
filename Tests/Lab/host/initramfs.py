# SPDX-License-Identifier: Apache-2.0
"""The first file system of the guest: busybox, the modules it needs, and the script that loads them."""

from __future__ import annotations

import lzma
import shutil
import subprocess
from pathlib import Path

from host.cache import cached, digest
from host.kernel import Kernel
from host.report import LabError, say

# In this order. The random generator comes first: without it the kernel's ECDH self-test fails when the
# Bluetooth module is loaded, and pairing is off for good.
MODULES = (
    ["sha512_generic", "hmac", "ctr", "drbg"]
    + ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"]
    + ["ecb", "cmac", "algif_hash", "algif_skcipher", "aesni-intel"]
    + ["hci_vhci", "uhid"]
    # The disks of the power cuts.
    + ["virtio_blk", "crc32c_generic", "ext4"]
)

SCRIPT = Path(__file__).parent.parent / "guest" / "initramfs"


def make_initramfs(kernel: Kernel) -> Path:
    """The initramfs for this kernel, from the cache if nothing in it has changed."""
    name = f"initramfs-{kernel.release}-{digest(SCRIPT.read_bytes(), *MODULES)}"

    def make(folder: Path) -> None:
        say("building the initramfs")
        root = folder / "root"
        for directory in ("bin", "modules", "proc", "sys", "dev", "lower", "upper", "root"):
            (root / directory).mkdir(parents=True)
        shutil.copy(shutil.which("busybox") or "/bin/busybox", root / "bin" / "busybox")
        shutil.copy(SCRIPT, root / "init")
        (root / "init").chmod(0o755)
        files = _load_order(kernel)
        for number, file in enumerate(files):
            # Debian 13 compresses its modules.
            contents = lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes()
            (root / "modules" / f"{number:02}.ko").write_bytes(contents)
        _pack(root, folder / "initramfs.cpio")
        shutil.rmtree(root)

    return cached(name, make) / "initramfs.cpio"


def _load_order(kernel: Kernel) -> list[Path]:
    """The module files with everything they depend on, each once, dependencies first."""
    modules = kernel.root / "lib" / "modules" / kernel.release
    if not (modules / "modules.dep").exists():
        # The package leaves this to its installation script.
        subprocess.run(["/sbin/depmod", "-b", str(kernel.root), kernel.release], check=True)
    files: dict[Path, None] = {}
    for module in MODULES:
        answer = subprocess.run(
            ["/sbin/modprobe", "-d", str(kernel.root), "-S", kernel.release, "--show-depends", module],
            check=False,
            capture_output=True,
            text=True,
        )
        if answer.returncode != 0:
            raise LabError(f"the kernel {kernel.release} has no module {module}: {answer.stderr.strip()}")
        for line in answer.stdout.splitlines():
            # "insmod FILE OPTIONS", or "builtin NAME"
            words = line.split()
            if words[0] == "insmod":
                files[Path(words[1])] = None
    return list(files)


def _pack(root: Path, archive: Path) -> None:
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    with archive.open("wb") as output:
        subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
            cwd=root,
            input="\n".join(names).encode(),
            stdout=output,
            check=True,
        )
