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
BUILDFLAGS ?=
BUILD = swift build --configuration release --static-swift-stdlib \
	-Xswiftc -use-ld=lld -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now -Xlinker --build-id=sha1 $(BUILDFLAGS)
BINARIES = .build/release
MANUALS = .build/manuals

.PHONY: all build manuals dependencies deb demo test test-full test-fast test-lab test-systemd fuzz bench check format install clean

all: build manuals

build: dependencies
	$(BUILD) --product pairingd
	$(BUILD) --product pairingctl

# What the programs declare (verbs, options, keys, interfaces) with the texts in docs/man.
manuals: build
	$(BUILD) --product manual-pages
	$(BINARIES)/manual-pages docs/man $(MANUALS)

# Installs what is missing from Debian; says so, and does nothing when all is there.
dependencies:
	@scripts/install-dependencies build

# Debian packages, in .build/deb.
deb: dependencies
	@scripts/install-dependencies package
	scripts/make-packages

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
		$(BINARIES)/pairingctl --generate-completion-script $${shell%%:*} > $(DESTDIR)$${shell#*:}; \
	done
	install -D -m 644 -t $(DESTDIR)$(DOCDIR) README.md
	install -D -m 644 -t $(DESTDIR)$(DOCDIR)/docs docs/*.md
	install -D -m 755 -t $(DESTDIR)$(DOCDIR)/examples \
		examples/push-button examples/phone-notification examples/web-hook
	install -m 644 examples/pairing_requests.py $(DESTDIR)$(DOCDIR)/examples/

clean:
	rm -rf .build
