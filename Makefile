# Copyright (c) 2026 The DefenseClaw authors
# 
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
# 
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# GNU make.  `make help' lists the targets; the README says which to use.

.DEFAULT_GOAL := all
SHELL	:= /bin/sh

PREFIX	?= /usr/local
DESTDIR	?=
SBINDIR	= $(PREFIX)/sbin
BINDIR	= $(PREFIX)/bin
LIBEXECDIR = $(PREFIX)/libexec/defenseclaw
DATADIR	= $(PREFIX)/share/defenseclaw
MANDIR	= $(PREFIX)/share/man

# where system mode keeps its things; tests build with others
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var
RUNDIR	?= /run

CC	?= gcc
B	?= build
PKGS	= libbsd-overlay libevent_core libsodium jansson sqlite3 libpcre2-8 \
	  yaml-0.1 libhs
CFLAGS	?= -O2 -g
WARN	= -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
	  -Wshadow -Wpointer-arith -Wsign-compare -Wwrite-strings
HARDEN	?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE \
	  -fstack-clash-protection
LDHARDEN ?= -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
EXTRA	?=
# V=1 shows the commands
Q	= $(if $(V),,@)
say	= $(if $(V),@:,@printf '  %-5s %s\n')

pkg	= $(shell pkg-config $(1) $(2) 2>/dev/null)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -I$(B) $(CFLAGS) $(WARN) $(HARDEN) \
	  $(call pkg,--cflags,$(PKGS)) \
	  -DDC_LIBEXECDIR='"$(LIBEXECDIR)"' -DDC_DATADIR='"$(DATADIR)"' \
	  -DDC_SYSCONFDIR='"$(SYSCONFDIR)"' \
	  -DDC_LOCALSTATEDIR='"$(LOCALSTATEDIR)"' \
	  -DDC_RUNDIR='"$(RUNDIR)"' $(EXTRA)
ALL_LDFLAGS = $(LDFLAGS) $(LDHARDEN) -Wl,--as-needed

LIBS_COMMON = $(call pkg,--libs,libbsd-overlay libevent_core libsodium jansson)
LIBS_PCRE2 = $(call pkg,--libs,libpcre2-8)
LIBS_DETECT = -lhs_runtime $(LIBS_PCRE2) -lm
LIBS_DB	= $(call pkg,--libs,sqlite3)
LIBS_YAML = $(call pkg,--libs,yaml-0.1)
LIBS_EGRESS = $(call pkg,--libs,libcurl libcares zlib)
LIBS_HS	= $(call pkg,--libs,libhs) $(call pkg,--libs,libpcre2-8) -lm

# files that hold a main(), or belong to one program only
MAINS	= gatewayd/gatewayd.c gatewayd/rulec.c auditd/auditd.c \
	  ctl/defenseclawctl.c ctl/defenseclawd/defenseclawd.c \
	  ctl/defenseclawd/confc.c sinkd/sinkd.c

# gatewayd links the Hyperscan run time only; the compiler is rulec's
RULEC_SRCS = $(wildcard gatewayd/rule*.c)
COMMON_SRCS = $(wildcard common/*.c)
DETECT_SRCS = $(wildcard common/detect/*.c)
GATEWAYD_SRCS = $(filter-out $(MAINS) $(RULEC_SRCS),$(wildcard gatewayd/*.c))
RULECLIB_SRCS = $(filter-out $(MAINS),$(RULEC_SRCS))
AUDITD_SRCS = $(filter-out $(MAINS),$(wildcard auditd/*.c))
SINKD_SRCS = $(filter-out $(MAINS),$(wildcard sinkd/*.c))
CTL_SRCS = $(filter-out $(MAINS),$(wildcard ctl/*.c ctl/doctor/*.c))
SUP_SRCS = $(filter-out $(MAINS),$(wildcard ctl/defenseclawd/*.c))

obj	= $(patsubst %.c,$(B)/%.o,$(1))
LIBCOMMON = $(B)/libcommon.a
LIBDETECT = $(B)/libdetect.a
LIBGATEWAYD = $(B)/libgatewayd.a
LIBRULEC = $(B)/librulec.a
LIBAUDITD = $(B)/libauditd.a
LIBSINKD = $(B)/libsinkd.a
LIBCTL	= $(B)/libctl.a
LIBS	= $(LIBSINKD) $(LIBGATEWAYD) $(LIBRULEC) $(LIBAUDITD) $(LIBCTL) $(LIBDETECT) \
	  $(LIBCOMMON)

BIN	= $(B)/bin
PROGS	= $(BIN)/defenseclawctl $(BIN)/defenseclawd \
	  $(BIN)/defenseclaw-confc $(BIN)/defenseclaw-rulec \
	  $(BIN)/defenseclaw-gatewayd $(BIN)/defenseclaw-auditd \
	  $(BIN)/defenseclaw-sinkd
NAMES	= $(BIN)/defenseclaw $(BIN)/defenseclaw-gateway

UNIT	= $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
BENCH	= $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))

all: $(PROGS) $(NAMES) $(BIN)/etc $(B)/vectors.ok
.PHONY: all help deps run check check-unit check-system check-peers bench \
	soak fuzz coverage figures plant asan lint install uninstall clean \
	clang unit-bins bench-bins

help:
	@echo 'all run check check-peers bench soak fuzz coverage figures' \
	    'plant asan lint install uninstall clean deps'

# --- programs -------------------------------------------------------------

$(BIN)/defenseclawctl: $(call obj,ctl/defenseclawctl.c) $(LIBCTL) \
    $(LIBDETECT) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_YAML) $(LIBS_DB) \
	    $(LIBS_PCRE2) $(LIBS_COMMON)

$(BIN)/defenseclawd: $(call obj,ctl/defenseclawd/defenseclawd.c $(SUP_SRCS)) \
    $(LIBCTL) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON)

$(BIN)/defenseclaw-confc: $(call obj,ctl/defenseclawd/confc.c) $(LIBCTL) \
    $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_YAML) $(LIBS_COMMON)

$(BIN)/defenseclaw-rulec: $(call obj,gatewayd/rulec.c) $(LIBRULEC) \
    $(LIBDETECT) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_HS) $(LIBS_YAML) \
	    $(LIBS_COMMON)

# of the compiler of rules only what reads its records
$(BIN)/defenseclaw-gatewayd: $(call obj,gatewayd/gatewayd.c) $(LIBGATEWAYD) \
    $(call obj,gatewayd/rulerec.c) $(LIBDETECT) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DETECT) $(LIBS_COMMON)

$(BIN)/defenseclaw-auditd: $(call obj,auditd/auditd.c) $(LIBAUDITD) \
    $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DB) $(LIBS_COMMON)

$(BIN)/defenseclaw-sinkd: $(call obj,sinkd/sinkd.c) $(LIBSINKD) \
    $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_EGRESS) \
	    $(LIBS_COMMON)

$(NAMES): $(BIN)/defenseclawctl
	$(Q)ln -sf defenseclawctl $@

# a build tree runs in place: the data is found beside the programs
$(BIN)/etc:
	@mkdir -p $(BIN)
	$(Q)ln -sfn $(CURDIR)/etc $@

$(LIBCOMMON): $(call obj,$(COMMON_SRCS))
$(LIBDETECT): $(call obj,$(DETECT_SRCS))
$(LIBGATEWAYD): $(call obj,$(GATEWAYD_SRCS))
$(LIBRULEC): $(call obj,$(RULECLIB_SRCS))
$(LIBAUDITD): $(call obj,$(AUDITD_SRCS))
$(LIBSINKD): $(call obj,$(SINKD_SRCS))
$(LIBCTL): $(call obj,$(CTL_SRCS))
$(B)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(say) AR $@
	$(Q)ar rcs $@ $^

$(B)/syscall_names.h: common/syscalls.sh
	@mkdir -p $(@D)
	$(Q)sh common/syscalls.sh $(CC) > $@.tmp && mv $@.tmp $@

$(B)/common/syscalls.o: $(B)/syscall_names.h

# what a rule pack may leave out, as the compiler of packs carries it
BUILTIN_DIR = etc/policies/guardrail/default
BUILTIN	= judge/exfil.yaml judge/injection.yaml judge/pii.yaml \
	  judge/tool-injection.yaml sensitive-tools.yaml
$(B)/rule_builtin.h: gatewayd/rulebuiltin.sh \
    $(addprefix $(BUILTIN_DIR)/,$(BUILTIN))
	@mkdir -p $(@D)
	$(Q)sh $< $(BUILTIN_DIR) $(BUILTIN) > $@.tmp && mv $@.tmp $@

$(B)/gatewayd/rulebuiltin.o: $(B)/rule_builtin.h

# a rule without a text that it finds and one that it does not is no rule
$(B)/vectors.ok: gatewayd/rulevectors.awk \
    $(wildcard etc/policies/guardrail/*/rules/*.yaml) \
    $(wildcard etc/policies/guardrail/*/vectors/*.yaml)
	@mkdir -p $(@D)
	$(Q)for p in default strict permissive; do awk -f $< \
	    etc/policies/guardrail/$$p/vectors/*.yaml \
	    etc/policies/guardrail/$$p/rules/*.yaml || exit 1; done
	$(Q)touch $@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)

# --- tests ----------------------------------------------------------------

LIBS_ALL = $(LIBS_EGRESS) $(LIBS_HS) $(LIBS_DETECT) $(LIBS_YAML) $(LIBS_DB) $(LIBS_COMMON)

$(B)/unit/% $(B)/bench/%: TESTLIBS = $(LIBS) $(LIBCOMMON) $(LIBS_ALL)
# calls that fail when a test says so
WRAP	= $(shell sed -n 's/^ALLOC.\([a-z_0-9]*\),.*/-Wl,--wrap=\1/p; \
	  s/^FAULT.[^,]*, \([a-z_0-9]*\),.*/-Wl,--wrap=\1/p' \
	  tests/unit/fault.h)
$(B)/unit/test_fault%: TESTLIBS = $(WRAP) $(LIBS) $(LIBCOMMON) $(LIBS_ALL)
$(B)/unit/%: $(B)/tests/unit/%.o $(LIBS)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(TESTLIBS)

$(B)/bench/bench_auditd: $(call obj,tests/power/pair.c)
$(B)/bench/%: $(B)/tests/bench/%.o $(LIBS)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(TESTLIBS)

.PRECIOUS: $(B)/%.o
unit-bins: $(UNIT)
bench-bins: $(BENCH)

# as a release has it: nothing to look for and bind when it is started
STATIC_CTL = $(B)/static/defenseclawctl
static-ctl: $(STATIC_CTL)
.PHONY: static-ctl
$(STATIC_CTL): $(call obj,ctl/defenseclawctl.c) $(LIBCTL) $(LIBDETECT) \
    $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static-pie -Wl,-z,relro,-z,now -o $@ \
	    $^ $(call pkg,--static --libs,yaml-0.1 sqlite3 libpcre2-8 \
	    libbsd-overlay libevent_core libsodium jansson)

# the same programs, in other ways: every one has its own directory
SAN	= -fsanitize=address,undefined -fno-sanitize-recover=all \
	  -fno-omit-frame-pointer
ASAN	= B=build/asan CFLAGS='-O1 -g $(SAN)' HARDEN=-fPIE \
	  EXTRA=-DSANDBOX_SANITIZER
SYSROOT	?= /tmp/dcsys-$(shell printf %s '$(CURDIR)' | cksum | cut -d' ' -f1)
SYSTEM	= B=build/system SYSCONFDIR=$(SYSROOT)/etc \
	  LOCALSTATEDIR=$(SYSROOT)/var RUNDIR=$(SYSROOT)/run
CLANG	= B=build/clang CC=clang

asan:
	$(Q)$(MAKE) $(ASAN) all unit-bins
clang:
	$(Q)$(MAKE) $(CLANG) all unit-bins
system-build:
	@mkdir -p $(SYSROOT)/etc $(SYSROOT)/var/lib $(SYSROOT)/var/log \
	    $(SYSROOT)/run
	$(Q)$(MAKE) $(SYSTEM) all
.PHONY: system-build

# all that needs only Debian's packages
check: deps
	$(Q)$(MAKE) all unit-bins $(B)/bench/load $(B)/hostile/sinkd
	$(Q)$(MAKE) asan clang system-build probe-build power-build \
	    clock-build loose-build
	$(Q)SYSROOT=$(SYSROOT) MAKE=$(MAKE) sh tests/check.sh

check-unit: unit-bins
	$(Q)python3 tests/run.py $(sort $(UNIT))

check-system: all $(B)/bench/load $(B)/hostile/sinkd system-build \
    probe-build power-build clock-build loose-build
	$(Q)DC_BIN=$(CURDIR)/$(BIN) DC_SYSBIN=$(CURDIR)/build/system/bin \
	    DC_SYSROOT=$(SYSROOT) \
	    python3 tests/run.py $(sort $(wildcard tests/system/test_*.py))

# receivers that others wrote, from package registries into build/peers
check-peers: deps
	$(Q)$(MAKE) all
	$(Q)DC_BIN=$(CURDIR)/$(BIN) python3 tests/run.py --tally build/tally \
	    -o build/test-output/peers $(sort $(wildcard tests/peers/test_*.py))

bench: deps
	$(Q)$(MAKE) all bench-bins static-ctl
	$(Q)DC_BIN=$(CURDIR)/$(BIN) DC_BENCH=$(CURDIR)/$(B)/bench \
	    python3 tests/bench/bench.py

soak: deps
	$(Q)$(MAKE) all unit-bins system-build probe-build power-build \
	    clock-build loose-build $(B)/bench/load $(B)/hostile/sinkd
	$(Q)DC_SOAK=1 DC_BIN=$(CURDIR)/$(BIN) \
	    DC_SYSBIN=$(CURDIR)/build/system/bin DC_SYSROOT=$(SYSROOT) \
	    python3 tests/system/soak.py
	$(Q)DC_SOAK=1 DC_BIN=$(CURDIR)/$(BIN) python3 tests/system/test_power.py

# figures a reviewer asks for first, as the rows of the README's table
figures: deps
	$(Q)$(MAKE) all system-build probe-build
	$(Q)DC_SYSBIN=$(CURDIR)/build/system/bin DC_SYSROOT=$(SYSROOT) \
	    python3 tests/figures.py

# bugs in a copy of the tree, one at a time: each must be caught by a test
plant: deps
	$(Q)$(MAKE) all unit-bins system-build
	$(Q)DC_SYSROOT=$(SYSROOT) python3 tests/plant/run.py --all
plant-%: deps
	$(Q)$(MAKE) all unit-bins system-build
	$(Q)DC_SYSROOT=$(SYSROOT) python3 tests/plant/run.py $*

# --- confinement: role programs that try what they may not -----------------

# PROBE=1 needs a B= of its own: what it builds is for tests/sandbox alone
ifdef PROBE
ifeq ($(B),build)
$(error PROBE=1 builds nothing to be run: give it another B=)
endif
ALL_CFLAGS += -DCONFINE_PROBE
$(LIBCOMMON): $(call obj,$(addprefix tests/sandbox/,probe.c probe_ops.c \
    probe_main.c))
$(BIN)/sandbox: $(call obj,tests/sandbox/sandbox.c tests/sandbox/start.c) \
    $(LIBCTL) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_YAML) $(LIBS_COMMON)
endif

# it finds the role programs beside it
probe-bins: $(BIN)/sandbox $(filter-out %ctl,$(PROGS)) $(BIN)/etc
probe-build: $(B)/kernel/oldkernel
	$(Q)$(MAKE) B=build/probe PROBE=1 probe-bins
check-sandbox: probe-build
	$(Q)build/probe/bin/sandbox
.PHONY: probe-bins probe-build check-sandbox

# --- roles that do to others what they can ----------------------------------

$(B)/hostile/%: $(B)/tests/hostile/%.o $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON)

# --- kernels that lack something, for tests --------------------------------

$(B)/kernel/%: tests/kernel/%.c common/landlock.h
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -I. $(CFLAGS) $(WARN) -o $@ $<

# --- power cuts: the release's own objects under a recorder ---------------

# A recorder is linked in, which takes the place of calls that change files;
# nothing is compiled anew and no program of $(BIN) has it.
POWER	= $(B)/power/bin
power	= $(call obj,$(addprefix tests/power/,$(1)))
POWER_CALLS = open openat write ftruncate fsync fchmod fchown unlink unlinkat \
	  rename renameat renameat2 mkdir mkdirat symlinkat
wrap	= $(addprefix -Wl$(comma)--wrap=,$(1))
comma	= ,

$(POWER)/defenseclaw-auditd: $(call obj,auditd/auditd.c) \
    $(call power,plog.c wrap.c vfs.c said.c) $(LIBAUDITD) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) $(call wrap,$(POWER_CALLS) \
	    peer_send sqlite3_exec) -o $@ $^ $(LIBS_DB) $(LIBS_COMMON)

$(POWER)/power_store: $(call power,power_store.c work.c check.c disk.c \
    load.c pair.c plog.c) $(LIBAUDITD) $(LIBCTL) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_YAML) $(LIBS_DB) \
	    $(LIBS_COMMON)

$(POWER)/power_ctl: $(call power,power_ctl.c work.c disk.c tree.c plog.c \
    wrap.c) $(LIBCTL) $(LIBCOMMON)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(ALL_LDFLAGS) $(call wrap,$(POWER_CALLS)) \
	    -o $@ $^ $(LIBS_YAML) $(LIBS_DB) $(LIBS_COMMON)

power-build: $(POWER)/defenseclaw-auditd $(POWER)/power_store \
    $(POWER)/power_ctl
check-power: all power-build
	$(Q)DC_BIN=$(CURDIR)/$(BIN) DC_POWER_BIN=$(CURDIR)/$(POWER) \
	    python3 tests/run.py tests/system/test_power.py
.PHONY: power-build check-power

# --- a clock that steps: the same objects and programs, linked once more ---

clock-build: $(call obj,tests/clock/step.c) all
	$(Q)$(MAKE) BIN=$(B)/clock LDFLAGS='$(LDFLAGS) $(call wrap,clock_gettime \
	    execve) $<' all
.PHONY: clock-build

# --- roles that are held by one thing less, and say nothing of it: the same
# objects, linked once more, in the system mode of tests

loose-bins: $(call obj,tests/loose/loose.c)
	@[ $(B)/loose/defenseclawd -nt $< ] || rm -rf $(B)/loose
	$(Q)$(MAKE) $(SYSTEM) BIN=$(B)/loose LDFLAGS='$(LDFLAGS) $(call \
	    wrap,execve unshare chroot prctl syscall setresuid getresuid) $<' \
	    all
loose-build: system-build
	$(Q)$(MAKE) $(SYSTEM) loose-bins
.PHONY: loose-bins loose-build

# --- fuzzing: clang's libFuzzer, with the sanitizers ----------------------

FUZZ_SECONDS ?= 600
FUZZ	= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZB	= B=build/fuzz CC=clang HARDEN=-fPIE \
	  CFLAGS='-O1 -g $(SAN) -fsanitize=fuzzer-no-link'

$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(LIBS)
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $< $(LIBS) $(LIBCOMMON) \
	    $(LIBS_ALL) -lhttp_parser

fuzz-bins: $(addprefix $(B)/,$(FUZZ))
.PHONY: fuzz-bins

# what it finds goes to build/fuzz/found; the corpora in the tree stay
fuzz: deps
	$(Q)$(MAKE) $(FUZZB) fuzz-bins
	$(Q)sh tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ)

# --- coverage: clang's counters, in a mapped file so that a role that may
# write nothing, or is killed, counts too

COVDIR	= $(CURDIR)/build/coverage
COVB	= B=$(COVDIR) CC=clang CFLAGS='-O1 -g -fcoverage-mapping \
	  -fprofile-instr-generate=$(COVDIR)/prof/%m%c.profraw' \
	  HARDEN='-fPIE -mllvm -runtime-counter-relocation' \
	  SYSCONFDIR=$(SYSROOT)/etc LOCALSTATEDIR=$(SYSROOT)/var \
	  RUNDIR=$(SYSROOT)/run

coverage: deps
	@mkdir -p $(SYSROOT)/etc $(SYSROOT)/var/lib $(SYSROOT)/var/log \
	    $(SYSROOT)/run
	$(Q)$(MAKE) $(COVB) all unit-bins fuzz-bins
	$(Q)DC_SYSROOT=$(SYSROOT) python3 tests/coverage.py $(COVDIR)

lint:
	$(Q)sh tests/lint.sh

# --- packages, a first run ------------------------------------------------

DEPS	= build-essential pkg-config libbsd-dev libevent-dev libsodium-dev \
	  libjansson-dev libsqlite3-dev libpcre2-dev libyaml-dev \
	  libhyperscan-dev libcurl4-openssl-dev libc-ares-dev zlib1g-dev \
	  python3 curl
TESTDEPS = clang libclang-rt-14-dev libhttp-parser-dev mandoc iproute2 \
	  e2fsprogs sqlite3 wrk nginx-light python3-venv openssl \
	  python3-jsonschema python3-yaml zsh fish strace

deps:
	$(Q)sh tests/deps.sh $(DEPS) \
	    $(if $(filter check check-peers bench fuzz soak figures plant% coverage, \
	    $(MAKECMDGOALS)),$(TESTDEPS)) \
	    $(if $(filter coverage,$(MAKECMDGOALS)),llvm)

run: deps
	$(Q)$(MAKE) all
	$(Q)sh tests/demo.sh $(CURDIR)/$(BIN)

# --- installing -----------------------------------------------------------

INSTALL	= install
PLUGIN	= defenseclaw-plugin-$(shell sed -n \
	  's/^.define DC_VERSION.*"\(.*\)"/\1/p' common/version.h)
MANPAGES = $(wildcard man/*.[1-9])

install: all
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) \
	    $(DESTDIR)$(DATADIR)/policies
	$(INSTALL) -m 755 $(BIN)/defenseclawctl $(DESTDIR)$(BINDIR)
	ln -sf defenseclawctl $(DESTDIR)$(BINDIR)/defenseclaw
	ln -sf defenseclawctl $(DESTDIR)$(BINDIR)/defenseclaw-gateway
	$(INSTALL) -m 755 $(filter-out %ctl,$(PROGS)) $(DESTDIR)$(LIBEXECDIR)
	cp -R etc/policies/guardrail $(DESTDIR)$(DATADIR)/policies/
	$(INSTALL) -d $(DESTDIR)$(DATADIR)/splunk
	cp -R etc/splunk/TA-defenseclaw $(DESTDIR)$(DATADIR)/splunk/
	cp -R etc/agents $(DESTDIR)$(DATADIR)/
	tar -C etc/agents/openclaw --transform 's,^,package/,' --owner=0 \
	    --group=0 -czf $(DESTDIR)$(DATADIR)/$(PLUGIN).tgz \
	    $(notdir $(wildcard etc/agents/openclaw/*))
	$(BIN)/defenseclawctl config schema > \
	    $(DESTDIR)$(DATADIR)/config.schema.json
	chmod -R u=rwX,go=rX $(DESTDIR)$(DATADIR)
	for m in $(MANPAGES); do \
	    d=$(DESTDIR)$(MANDIR)/man$${m##*.}; \
	    $(INSTALL) -d $$d && $(INSTALL) -m 644 $$m $$d || exit 1; done
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/lib/sysusers.d \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(DATADIR)/openrc
	$(INSTALL) -m 644 etc/sysusers.d/defenseclaw.conf \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d
	sed 's|@LIBEXECDIR@|$(LIBEXECDIR)|g; s|@BINDIR@|$(BINDIR)|g' \
	    etc/systemd/defenseclaw.service > \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system/defenseclaw.service
	sed 's|@LIBEXECDIR@|$(LIBEXECDIR)|g; s|@BINDIR@|$(BINDIR)|g' \
	    etc/openrc/defenseclaw > $(DESTDIR)$(DATADIR)/openrc/defenseclaw
	chmod 755 $(DESTDIR)$(DATADIR)/openrc/defenseclaw

# configuration, state and accounts stay
# first, since a client whose hook's program is gone runs everything
uninstall:
	$(Q)[ -n '$(DESTDIR)' ] || [ ! -x $(BINDIR)/defenseclawctl ] || \
	    $(BINDIR)/defenseclawctl agent remove --all
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,defenseclawctl defenseclaw \
	    defenseclaw-gateway)
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DATADIR)
	rm -f $(DESTDIR)$(PREFIX)/lib/sysusers.d/defenseclaw.conf \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system/defenseclaw.service
	for m in $(MANPAGES); do \
	    rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}; done

clean:
	rm -rf build $(SYSROOT)
