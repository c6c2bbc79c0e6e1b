# SPDX-License-Identifier: GPL-2.0-or-later
# make             build the release binaries
# make install     put them and what belongs to them under PREFIX; `make uninstall` takes them away
# make deb         build a Debian package, .build/pinhole_*.deb
# make test-deb    install and purge that on a bare Debian 12 and 13, which are fetched first, run the commands of README.md,
#                  docs/firewalls.md and docs/pair.md there, and reload, restart and crash what sessions need; takes minutes (root)
# make demo        see it work, in network namespaces: without it, with it, and attacked (root)
# make recording   make the picture of that in README.md, docs/demo.svg (root)
# make deps        install the Debian packages that building and testing need (root)
# make test        check the format and run every test, those in network namespaces too (root)
# make sanitize    run those of the parts with the address and the thread sanitizer; takes ten minutes (root)
# make lint        check the format
# make cost        count what the core allocates and keeps; time it
# make fuzz        run each fuzzer for SECONDS (60)
# make soak        play simulated connections for SECONDS (3600), each round with new seeds
# make mutants     change the program in COUNT (120) small ways in PARTS (core; or shell, as root) chosen by SEED (1), and print which
#                  of the changes no test notices; AGAIN=--again tries the survivors once more
# make pair        measure two gateways, of which one stands by: how long it takes to have many sessions, and what sync costs (root)
# make siege       attack a real gateway at random for SECONDS (3600), and print what it opened that nobody had announced (root)
# make faults      bring about every fault, and print what comes of it; SECONDS (3600) of them a mixed load with loss (root)
# make bench       benchmark against the alternatives, ROUNDS (7) times; writes the table of docs/performance.md (root)
# make test-kernels  boot KERNELS (Debian's packages of stock kernels) in an emulator, try the rules and the gateways there
#                  with nftables and with iptables, and write the results to docs/kernels.md; takes ten minutes a kernel; with
#                  RUNS=nft FILTER=MatrixTests LIMIT=7200 every server and client are tried in them, for an hour; with
#                  RUNS=days LIMIT=3600 rules are removed, daemons stopped and connections blocked there (root)
# make compare     compare with this kernel's own helper, and write docs/kernel-comparison.md (root)
#
# `make` installs no packages. Targets marked with (root) first install the Debian packages that they need.

PREFIX ?= /usr/local
DESTDIR ?=

sbindir = $(DESTDIR)$(PREFIX)/sbin
datadir = $(DESTDIR)$(PREFIX)/share/pinhole
mandir = $(DESTDIR)$(PREFIX)/share/man
libdir = $(PREFIX)/lib
sysconfdir = $(if $(filter /usr,$(PREFIX)),,$(PREFIX))/etc
unitdir = $(libdir)/systemd/system
bash_completions = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zsh_completions = $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions
fish_completions = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

binary = .build/release/pinhole
daemon = .build/release/pinholed
deb = .build/pinhole_$$(dpkg-parsechangelog -S Version)_$$(dpkg --print-architecture).deb
units = pinhole.service pinhole-rules.service pinhole-rules-watch.service pinhole-sets.service pinhole-sync.service pinhole-exporter.service \
    pinhole-xferlog.service
# Those of which there is one for each network namespace.
namespaced_units = pinhole pinhole-rules pinhole-rules-watch
rules = rules/pinhole.ipset rules/pinhole.iptables rules/pinhole.ip6tables rules/pinhole.nft

bench = .build/bench
bench_shared = Benchmarks/Gateway/load.c Benchmarks/Gateway/load.h
bench_programs = $(addprefix $(bench)/,accept-one accept-batch ftp-server round-trips ftp-client)

build_packages = pkg-config libmnl-dev libnetfilter-queue-dev libjansson-dev libpcap-dev libseccomp-dev libmicrohttpd-dev \
    libncurses-dev
build_libraries = libmnl libnetfilter_queue jansson libpcap libseccomp libmicrohttpd ncursesw
demo_packages = iptables ipset conntrack iproute2 procps vsftpd curl lftp
test_packages = $(demo_packages) nftables tnftp python3-pyftpdlib strace prometheus systemd mandoc zsh fish tmux \
    openssl conntrackd keepalived ncftp inetutils-ftp wget aria2 yafc python3-aioftp $(server_libraries)
# Servers of FTP, of which Debian lets only one be installed at a time: the others are unpacked under .build.
servers = proftpd-core pure-ftpd inetutils-ftpd
server_libraries = libhiredis0.14 libmemcached11 libmemcachedutil2 libpcre2-posix3 libsodium23 libwrap0
kernel_packages = qemu-system-x86 busybox-static kmod cpio
deb_packages = debhelper lintian
# Releases that the package is tried on.
debians = .build/bookworm .build/trixie
bench_packages = gcc libc6-dev libmnl-dev libnetfilter-queue-dev iptables ipset iproute2 procps vsftpd python3

.PHONY: deps build install uninstall deb test-deb test-kernels demo recording test sanitize lint cost fuzz soak mutants pair siege faults bench compare clean

deps:
	@scripts/dependencies $(build_packages) $(test_packages)
	@scripts/servers .build/servers $(servers)

build:
	@scripts/require $(build_libraries)
	swift build -c release --static-swift-stdlib --product pinhole
	swift build -c release --static-swift-stdlib --product pinholed

$(binary) $(daemon) &:
	$(MAKE) build

install: $(binary) $(daemon)
	install -d $(sbindir)
	install -m 755 $(binary) $(daemon) $(sbindir)
	install -d $(datadir)/rules $(DESTDIR)$(unitdir)
	install -m 644 $(rules) $(datadir)/rules
	install -m 644 dist/conf/pinhole.conf $(datadir)
	for unit in $(units); do \
	    sed 's|/usr/sbin/|$(PREFIX)/sbin/|' dist/systemd/$$unit >$(DESTDIR)$(unitdir)/$$unit && \
	    chmod 644 $(DESTDIR)$(unitdir)/$$unit || exit 1; \
	done
	for unit in $(namespaced_units); do \
	    sed -f dist/systemd/namespace.sed $(DESTDIR)$(unitdir)/$$unit.service >$(DESTDIR)$(unitdir)/$$unit@.service && \
	    chmod 644 $(DESTDIR)$(unitdir)/$$unit@.service || exit 1; \
	done
	install -D -m 644 dist/systemd/pinhole.sysusers $(DESTDIR)$(libdir)/sysusers.d/pinhole.conf
	install -D -m 644 dist/systemd/pinhole.tmpfiles $(DESTDIR)$(libdir)/tmpfiles.d/pinhole.conf
	install -D -m 644 dist/sysctl/pinhole.conf $(DESTDIR)$(libdir)/sysctl.d/60-pinhole.conf
	install -D -m 644 dist/logrotate/pinhole $(DESTDIR)$(sysconfdir)/logrotate.d/pinhole
	install -d $(datadir)/pair
	install -m 644 $(wildcard dist/pair/*.conf) $(datadir)/pair
	install -D -m 755 dist/pair/notify $(DESTDIR)$(libdir)/pinhole/notify
	install -m 644 dist/contrib/grafana.json dist/contrib/alerts.yml $(datadir)
	install -d $(mandir)/man8
	install -m 644 man/pinhole.8 man/pinholed.8 $(mandir)/man8
	install -D -m 644 man/pinhole.conf.5 $(mandir)/man5/pinhole.conf.5
	install -D -m 644 dist/completions/pinhole.bash $(bash_completions)/pinhole
	ln -sf pinhole $(bash_completions)/pinholed
	install -D -m 644 dist/completions/_pinhole $(zsh_completions)/_pinhole
	install -D -m 644 dist/completions/pinhole.fish $(fish_completions)/pinhole.fish
	ln -sf pinhole.fish $(fish_completions)/pinholed.fish

uninstall:
	rm -f $(addprefix $(sbindir)/,pinhole pinholed) $(addprefix $(DESTDIR)$(unitdir)/,$(units))
	rm -f $(foreach unit,$(namespaced_units),$(DESTDIR)$(unitdir)/$(unit)@.service)
	rm -f $(DESTDIR)$(libdir)/sysusers.d/pinhole.conf $(DESTDIR)$(libdir)/tmpfiles.d/pinhole.conf
	rm -f $(DESTDIR)$(libdir)/sysctl.d/60-pinhole.conf $(DESTDIR)$(sysconfdir)/logrotate.d/pinhole
	rm -f $(addprefix $(mandir)/,man8/pinhole.8 man8/pinholed.8 man5/pinhole.conf.5)
	rm -f $(addprefix $(bash_completions)/,pinhole pinholed) $(zsh_completions)/_pinhole
	rm -f $(addprefix $(fish_completions)/,pinhole.fish pinholed.fish)
	rm -f $(DESTDIR)$(libdir)/pinhole/notify
	rm -rf $(datadir)

# The version stands in Commands/Program.swift; the package's must be the same.
deb:
	@scripts/dependencies $(build_packages) $(deb_packages)
	$(MAKE) build
	@test "$$($(binary) version)" = "pinhole $$(dpkg-parsechangelog -S Version)" || \
	    { echo 'debian/changelog has another version than the program' >&2; exit 1; }
	DESTINATION=$(CURDIR)/.build debian/rules clean binary
	lintian --fail-on error,warning,info $(deb)

# Not a part of `make test`: it fetches a Debian, and then packages for it.
test-deb: deb $(debians)
	@scripts/dependencies $(demo_packages) openssl python3
	for debian in $(debians); do \
	    scripts/test-deb $$debian $(deb) && scripts/walk-through $$debian $(deb) && \
	        scripts/test-service $$debian $(deb) && scripts/test-pair $$debian $(deb) || exit 1; \
	done

$(debians):
	@scripts/dependencies debootstrap
	rm -rf $@.new
	debootstrap --variant=minbase $(@F) $@.new
	mv $@.new $@

# Not a part of `make test`, which is long enough without: an emulated machine is slow.
test-kernels: KERNELS ?= linux-image-amd64 linux-image-cloud-amd64 linux-image-6.12-amd64
test-kernels:
	@scripts/dependencies $(build_packages) $(test_packages) $(kernel_packages)
	swift build --build-tests
	scripts/test-kernels docs/kernels.md .build/kernels .build/debug/pinholePackageTests.xctest $(KERNELS)

demo:
	@scripts/dependencies $(build_packages) $(demo_packages) tmux
	@mkdir -p .build
	@echo 'Building Pinhole, which takes minutes the first time'
	@$(MAKE) --silent build >.build/demo.log 2>&1 || { cat .build/demo.log >&2; exit 1; }
	@scripts/demo $(abspath $(binary))

recording: $(binary) $(daemon)
	@scripts/dependencies $(demo_packages) tmux python3
	DEMO=steps scripts/demo $(abspath $(binary)) >.build/demo.txt
	scripts/recording docs/demo.svg <.build/demo.txt

# The release binaries carry the Swift standard library in themselves and have no Foundation; the core imports nothing; the
# daemon has no code for terminals, captures or HTTP.
test: deps lint build cost
	! ldd $(binary) $(daemon) | grep -E 'libswift|Foundation'
	! ldd $(daemon) | grep -E 'ncurses|tinfo|pcap|microhttpd'
	! grep -rnwE 'unsafe|import' Sources/FTPHelper
	scripts/tests

# Not a part of `make test`, which would take more than 15 minutes with it.
sanitize:
	@scripts/dependencies $(build_packages) $(test_packages)
	scripts/sanitize

cost: build
	swift build -c release --static-swift-stdlib --product core-benchmark
	.build/release/core-benchmark

fuzz: SECONDS ?= 60
fuzz:
	scripts/fuzz $(SECONDS)

soak: SECONDS ?= 3600
soak:
	@scripts/dependencies $(build_packages)
	scripts/soak $(SECONDS)

mutants: PARTS ?= core
mutants: COUNT ?= 120
mutants: SEED ?= 1
mutants:
	@scripts/dependencies $(build_packages) python3
	scripts/mutants --parts $(PARTS) --count $(COUNT) --seed $(SEED) $(AGAIN)

pair: TURNS ?= 3
pair:
	@scripts/dependencies $(build_packages) $(bench_packages) conntrackd
	$(MAKE) build $(bench_programs)
	scripts/pair .build/release $(bench) $(TURNS)

siege: SECONDS ?= 3600
siege:
	@scripts/dependencies $(build_packages) $(demo_packages) python3
	$(MAKE) build
	scripts/siege $(SECONDS) $(SEED)

faults: SECONDS ?= 3600
faults:
	@scripts/dependencies $(build_packages) $(test_packages)
	scripts/faults $(SECONDS)

bench: ROUNDS ?= 7
bench:
	@scripts/dependencies $(build_packages) $(bench_packages)
	$(MAKE) build
	swift build -c release --static-swift-stdlib --product core-benchmark
	$(MAKE) $(bench_programs)
	scripts/bench $(ROUNDS) .build/release $(bench)

$(bench)/%: Benchmarks/Gateway/%.c $(bench_shared)
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -o $@ $< $(filter %.c,$(bench_shared)) -lnetfilter_queue -lmnl

compare:
	@scripts/dependencies $(build_packages) $(test_packages)
	PINHOLE_COMPARE=write swift test --disable-xctest --filter KernelComparisonTests

lint:
	swift format lint --strict --recursive Sources Tests Benchmarks Fuzz Package.swift

clean:
	rm -rf .build
