# SPDX-License-Identifier: Apache-2.0

PREFIX ?= /usr/local
DESTDIR ?=
# Where configuration lives whatever the prefix is: systemd and D-Bus look there.
SYSCONFDIR ?= /etc
DBUSDIR ?= /usr/share/dbus-1
POLKITDIR ?= /usr/share/polkit-1/actions
DOCDIR ?= $(PREFIX)/share/doc/pairingd
UNITDIR ?= /usr/lib/systemd/system
CATALOGDIR ?= /usr/lib/systemd/catalog
SYSUSERSDIR ?= /usr/lib/sysusers.d
MANDIR ?= $(PREFIX)/share/man
# Debian's zsh looks into vendor-completions instead, where packages are concerned.
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions

# "off" leaves the virtual machine's tests out of `make test`; "all" runs them on Debian 12 and on 13, anything else on 12.
LAB ?= on
DEBIANS = $(if $(filter all,$(LAB)),12 13,12)

# How long each fuzzer runs.
SECONDS_EACH ?= 60
FUZZERS ?= rule-files monitor-records btsnoop pcap smp

# lld, because GNU ld leaves a Swift program without RELRO. The build's id is how debug symbols in a package are found.
# What follows it makes the daemon a tenth smaller: nothing is loaded that calls into it, and glibc knows short relocations
# from 2.36 on.
LINKER = -z relro -z now --build-id=sha1 --no-export-dynamic -z pack-relative-relocs
BUILDFLAGS ?=
# For size, which costs a twentieth of the speed of deciding (`make bench`), and spares half a megabyte of memory.
BUILD = swift build --configuration release --static-swift-stdlib --disable-local-rpath -Xswiftc -Osize \
	-Xswiftc -use-ld=lld $(addprefix -Xlinker ,$(LINKER)) $(BUILDFLAGS)
BINARIES = .build/release
MANUALS = .build/manuals
# The programs that are run to make manual pages and completions: others than those made, if these cannot run here.
TOOLS = $(BINARIES)

.PHONY: all build manuals dependencies deb dist test-dist build-debian13 test-debian13 test-packages demo test test-full test-fast \
	test-lab test-systemd fuzz bench check format install clean

all: build manuals

build: dependencies
	$(BUILD) --product pairingd
	$(BUILD) --product pairingctl

# What the programs declare (verbs, options, keys, interfaces) with the texts in docs/man.
manuals: build
ifeq ($(TOOLS),$(BINARIES))
	$(BUILD) --product manual-pages
endif
	$(TOOLS)/manual-pages docs/man $(MANUALS)

# Installs what is missing from Debian; says so, and does nothing when all is there.
dependencies:
	@scripts/install-dependencies build

# Debian packages, in .build/deb. For arm64 they are cross-compiled in a Debian 13, as root.
ARCH ?= $(shell dpkg --print-architecture)
deb: $(if $(filter $(shell dpkg --print-architecture),$(ARCH)),dependencies,build-debian13)
	@scripts/install-dependencies package
	scripts/make-packages $(ARCH)

# The sources of the last commit, in .build: the same octets each time, wherever it is done.
NAME = pairingd-$(shell sed -n 's/.*let version = "\(.*\)".*/\1/p' Sources/Pairing/Release.swift)
dist:
	@git diff --quiet HEAD || { echo "dist: commit first: what is not committed would be left out" >&2; exit 1; }
	mkdir -p .build
	git -c tar.umask=0022 archive --format=tar --prefix=$(NAME)/ HEAD | xz --threads=1 > .build/$(NAME).tar.xz

test-dist: dist
	rm -rf .build/clone
	git clone --quiet --no-hardlinks . .build/clone
	umask 077 && TZ=Pacific/Apia XZ_DEFAULTS= $(MAKE) -C .build/clone dist
	cmp .build/$(NAME).tar.xz .build/clone/.build/$(NAME).tar.xz
	rm -rf .build/clone

# With the oldest Swift that is supported: 6.0.3, of Debian 13.
build-debian13: dependencies
	@scripts/install-dependencies debian13
	scripts/debian13 make manuals BUILDFLAGS="--scratch-path $(DEBIAN13)" BINARIES=$(DEBIAN13)/release MANUALS=$(DEBIAN13)/manuals
DEBIAN13 = .build/debian13

# The fast tests there.
test-debian13: build-debian13
	scripts/debian13 swift build --build-tests --disable-sandbox --scratch-path $(DEBIAN13)
	scripts/timed "fast tests with Swift 6.0" \
		scripts/debian13 swift test --skip-build --disable-sandbox --no-parallel --scratch-path $(DEBIAN13)

# What the packages promise; and that `make install` installs the same.
test-packages: deb manuals
	rm -rf .build/installed
	$(MAKE) install DESTDIR=$(CURDIR)/.build/installed PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions
	scripts/timed "packages for $(ARCH)" scripts/check-packages .build/deb $(ARCH) --same-as .build/installed \
		$(if $(filter $(shell dpkg --print-architecture),$(ARCH)),,--run "qemu-aarch64-static -L $$(SYSROOT=1 scripts/debian13)")

demo: build
	Tests/Lab/lab demo --binaries $(BINARIES)

test: check test-fast test-lab

# What is longer than `make test` may be: Debian 13, the fast tests under load, the lab's long tests, the demonstration, the
# packages, and the fuzzers.
test-full:
	$(MAKE) test LAB=$(patsubst on,all,$(LAB))
	scripts/timed "fast tests, five times" sh -c 'for i in 1 2 3 4 5; do swift test --skip-build --no-parallel || exit 1; done'
	for debian in 12 13; do \
		scripts/timed "long tests on the BlueZ of Debian $$debian" \
			Tests/Lab/lab test --debian $$debian --full -m full --binaries $(BINARIES) || exit; \
	done
	scripts/timed "demonstration" Tests/Lab/lab demo --binaries $(BINARIES)
	$(MAKE) test-debian13 test-dist test-packages
	$(MAKE) test-systemd
	$(MAKE) fuzz

# One after the other: hundreds of private buses at once need more than the 1,024 descriptors at which Foundation's Process
# breaks.
test-fast: dependencies
	@scripts/install-dependencies test
	scripts/timed "fast tests" swift test --no-parallel

test-lab: build
ifeq ($(LAB),off)
	@echo "LAB=off: the tests on a real BlueZ are left out"
else
	for debian in $(DEBIANS); do \
		scripts/timed "tests on the BlueZ of Debian $$debian" Tests/Lab/lab test --debian $$debian --binaries $(BINARIES) || exit; \
	done
endif

# The packages, installed where systemd is the first process; and the power, cut while bonds are written.
test-systemd: build deb
	scripts/timed "packages on the systemd of Debian 13" Tests/Lab/lab package --debian 13 --packages .build/deb
	scripts/timed "power cuts" Tests/Lab/lab power --debian 13 --binaries $(BINARIES)

# Status 77 says that the toolchain has no fuzzer, as Debian's has none: that is no failure.
fuzz: dependencies
	@for name in $(FUZZERS); do \
		scripts/timed "fuzzer of $$name" Tests/Fuzz/run $$name $(SECONDS_EACH) || { status=$$?; \
			test $$status -eq 77 || exit $$status; \
			echo "NOTICE: nothing was fuzzed, because this toolchain cannot"; exit 0; }; \
	done
	scripts/timed "fuzzer of the D-Bus API" env PAIRINGD_FUZZ_SECONDS=$(SECONDS_EACH) \
		swift test --no-parallel --filter BusFuzzTests

# Figures, not a test: they depend on the machine.
bench: dependencies
	@scripts/install-dependencies test
	$(BUILD) --product policy-bench
	$(BUILD) --product capture-bench
	$(BUILD) --product pairingctl
	@.build/release/policy-bench
	@.build/release/capture-bench -- .build/release/pairingctl explain

# Formatting, shell scripts, and the lab's Python.
check: dependencies
	@scripts/install-dependencies test
	scripts/timed "style" scripts/check

format:
	swift format --in-place --recursive Sources Tests Package.swift

# Afterwards, `journalctl --update-catalog` takes in what journalctl -x shows.
install: build manuals
	install -D -m 755 $(BINARIES)/pairingd $(DESTDIR)$(PREFIX)/libexec/pairingd
	install -D -m 755 $(BINARIES)/pairingctl $(DESTDIR)$(PREFIX)/bin/pairingctl
	install -D -m 644 -t $(DESTDIR)$(DBUSDIR)/system.d dbus/org.pairingd.conf
	install -D -m 644 -t $(DESTDIR)$(DBUSDIR)/system-services dbus/org.pairingd.service
	install -D -m 644 -t $(DESTDIR)$(DBUSDIR)/interfaces dbus/org.pairingd.*.xml
	install -D -m 644 -t $(DESTDIR)$(DOCDIR) dbus/pairingd-only-agent.conf dbus/50-pairingd.rules
	install -D -m 644 -t $(DESTDIR)$(POLKITDIR) dbus/org.pairingd.policy
	install -d -m 755 $(DESTDIR)$(UNITDIR)
	sed 's|@PREFIX@|$(PREFIX)|' systemd/pairingd.service > $(DESTDIR)$(UNITDIR)/pairingd.service
	install -D -m 644 -t $(DESTDIR)$(CATALOGDIR) systemd/pairingd.catalog
	install -D -m 644 systemd/pairingd.sysusers $(DESTDIR)$(SYSUSERSDIR)/pairingd.conf
	for section in 1 5 8; do install -D -m 644 -t $(DESTDIR)$(MANDIR)/man$$section $(MANUALS)/*.$$section || exit; done
	install -d -m 755 $(DESTDIR)$(SYSCONFDIR)/pairingd/devices.d
	test -e $(DESTDIR)$(SYSCONFDIR)/pairingd/pairingd.toml || \
		install -m 644 -t $(DESTDIR)$(SYSCONFDIR)/pairingd etc/pairingd.toml
	install -D -m 644 -t $(DESTDIR)/usr/lib/pairingd/devices.d policy/*.toml
	set -e; for shell in bash:$(PREFIX)/share/bash-completion/completions/pairingctl zsh:$(ZSHDIR)/_pairingctl \
			fish:$(PREFIX)/share/fish/vendor_completions.d/pairingctl.fish; do \
		install -d -m 755 $(DESTDIR)$$(dirname $${shell#*:}); \
		$(TOOLS)/pairingctl --generate-completion-script $${shell%%:*} > $(DESTDIR)$${shell#*:}; \
		sed -i '1{/^#!/d}' $(DESTDIR)$${shell#*:}; \
	done
	install -D -m 644 -t $(DESTDIR)$(DOCDIR) README.md CHANGELOG.md
	install -D -m 644 -t $(DESTDIR)$(DOCDIR)/docs docs/*.md
	install -D -m 755 -t $(DESTDIR)$(DOCDIR)/examples \
		examples/push-button examples/phone-notification examples/web-hook
	install -m 644 examples/pairing_requests.py $(DESTDIR)$(DOCDIR)/examples/

clean:
	rm -rf .build
