# wattzone: three programs from four folders. `make help` lists the targets.
#
#   BUILD=dir        where everything is built (default build)
#   SANITIZE=list    e.g. address,undefined or thread
#   WERROR=1         warnings are errors
#   V=1              shows the commands

VERSION := 0.1.0
BUILD   := build
CC      ?= cc
PREFIX  ?= /usr/local
DESTDIR ?=

PROGRAMS := collector-meter collector-pac aggregator

PKG_CONFIG ?= pkg-config
packages    = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --cflags $(1)))
libraries   = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --libs $(1)))

# Targets that compile nothing must work without the libraries.
COMPILES := $(filter-out help clean format,$(or $(MAKECMDGOALS),all))
ifneq ($(COMPILES),)
GPIOD_MAJOR := $(firstword $(subst ., ,$(shell $(PKG_CONFIG) --modversion libgpiod)))
ifeq ($(GPIOD_MAJOR),)
$(error libgpiod was not found; deploy/install-dependencies installs everything that is missing)
endif
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wformat=2 -Wundef $(if $(WERROR),-Werror)
CFLAGS   ?= -O2 -g
HARDEN   := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -DVERSION='"$(VERSION)"' \
             -I. $(WARNINGS) $(HARDEN) -pthread $(CFLAGS) \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_LDFLAGS = -pthread $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE))

# -------- sources: a folder is a component, its folders are layers (tests/layers) --------

sources_common          := $(sort $(wildcard common/*/*.c))
sources_collector-meter := $(filter-out %/lines_gpiod$(if $(filter 1,$(GPIOD_MAJOR)),2,1).c, \
                             $(sort $(wildcard collector-meter/*.c collector-meter/*/*.c)))
sources_collector-pac   := $(sort $(wildcard collector-pac/*.c collector-pac/*/*.c))
sources_aggregator      := $(sort $(wildcard aggregator/*.c aggregator/*/*.c))
sources_sim             := $(sort $(wildcard tests/sim/*.c))
sources_bench           := $(sort $(wildcard tests/bench/*.c))
sources_unit            := $(sort $(wildcard tests/unit/*/*_test.c tests/unit/*/*/*_test.c))
sources_system          := $(sort $(wildcard tests/system/mqtt/*.c))
sources_fixtures        := $(filter-out %_test.c,$(sort $(wildcard tests/unit/*/*.c)))

packages_common          := jansson libsystemd sqlite3 openssl
packages_collector-meter := libgpiod
packages_collector-pac   := libmodbus
packages_aggregator      :=
packages_sim             := libmodbus

COMPONENTS := common $(PROGRAMS)
objects     = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
archive     = $(BUILD)/obj/$(1).a
# paho.mqtt.c ships no pkg-config file.
LIBS        = -lpaho-mqtt3as $(call libraries,$(packages_common)) -lm

quiet       = $(if $(V),,@printf '  %-4s %s\n' '$(1)' '$@';)

all: $(PROGRAMS:%=$(BUILD)/%)

# -------- compile --------

PACKAGE_FLAGS := $(if $(COMPILES),$(call packages,jansson libsystemd sqlite3 openssl libgpiod libmodbus))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(ALL_CFLAGS) $(PACKAGE_FLAGS) -MMD -MP -c -o $@ $<

# A component's archive holds everything but its main program, so that tests can link it.
define component
$(call archive,$(1)): $(call objects,$(filter-out %/main.c,$(sources_$(1))))
	@rm -f $$@
	@mkdir -p $$(@D)
	$$(call quiet,AR)$(AR) rcs $$@ $$^
endef
$(foreach c,$(COMPONENTS),$(eval $(call component,$(c))))

define program
$(BUILD)/$(1): $(BUILD)/obj/$(1)/main.o $(call archive,$(1)) $(call archive,common)
	$$(call quiet,LD)$(CC) $(ALL_LDFLAGS) -o $$@ $$^ $$(call libraries,$(packages_$(1))) $(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# The profiles are part of collector-pac (.incbin in profiles.c).
$(BUILD)/obj/collector-pac/profiles/profiles.o: $(wildcard collector-pac/profiles/*.json)

# -------- the simulated site, the benchmarks: one program a source file --------

SIM   := $(patsubst tests/sim/%.c,$(BUILD)/sim/%,$(filter-out %_model.c,$(sources_sim)))
PRELOADED := $(patsubst tests/faults/%.c,$(BUILD)/faults/%.so,$(sort $(wildcard tests/faults/*.c)))
BENCH := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(sources_bench))

$(call archive,sim): $(call objects,$(filter %_model.c,$(sources_sim)))
	@rm -f $@
	@mkdir -p $(@D)
	$(call quiet,AR)$(AR) rcs $@ $^

# The simulated site uses local time (aggregator/time).
$(BUILD)/sim/%: $(BUILD)/obj/tests/sim/%.o $(call archive,sim) $(call archive,aggregator) $(call archive,common)
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libraries,$(packages_sim)) $(LIBS)

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(call archive,common)
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libraries,libmodbus) $(LIBS)

sim: $(SIM) $(PRELOADED)

# -------- libraries that are preloaded into a program to disturb it --------

# Without a sanitizer: the program contains it.
$(BUILD)/faults/%.so: tests/faults/%.c
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(filter-out -fsanitize%,$(ALL_CFLAGS)) -fPIC -shared -o $@ $< -ldl

# -------- unit tests: tests/unit/<component>/<folder>/<noun>_test.c, fixtures beside the folders --------

UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sources_unit))

define unit_tests
$(call archive,fixtures-$(1)): $(call objects,$(filter tests/unit/$(1)/%,$(sources_fixtures)))
	@rm -f $$@
	@mkdir -p $$(@D)
	$$(call quiet,AR)$(AR) rcs $$@ $$^

$(BUILD)/unit/$(1)/%: $(BUILD)/obj/tests/unit/$(1)/%.o $(call archive,fixtures-$(1)) $(call archive,fixtures-common) \
		$(call archive,sim) $(call archive,$(1)) $(call archive,common)
	@mkdir -p $$(@D)
	$$(call quiet,LD)$(CC) $(ALL_LDFLAGS) -o $$@ $$^ $$(call libraries,$(packages_$(1)) cmocka) $(LIBS)
endef
$(foreach c,$(COMPONENTS),$(eval $(call unit_tests,$(c))))

$(BUILD)/unit/sim/%: $(BUILD)/obj/tests/unit/sim/%.o $(call archive,fixtures-common) \
		$(call archive,sim) $(call archive,aggregator) $(call archive,common)
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libraries,$(packages_sim) cmocka) $(LIBS)

unit: $(UNIT)
	@tests/unit/run $(UNIT)

# -------- system tests in C, which tests/system/run runs with a broker: one program a source file --------

SYSTEM := $(patsubst tests/system/%.c,$(BUILD)/system/%,$(filter %_test.c,$(sources_system)))

$(BUILD)/system/%: $(BUILD)/obj/tests/system/%.o $(call objects,$(filter-out %_test.c,$(sources_system))) \
		$(call archive,fixtures-common) $(call archive,common)
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libraries,cmocka) $(LIBS)

unit-programs: $(UNIT) $(SYSTEM)

# -------- targets for people --------

test: all sim unit unit-programs
	BUILD=$(BUILD) tests/border
	tests/layers
	BUILD=$(BUILD) tests/system/run -n 4

demo:
	deploy/demo

faults: all sim
	BUILD=$(BUILD) FAULTS=full tests/system/run faults

kernel: all sim
	BUILD=$(BUILD) tests/kernel/run

systemd: all sim
	BUILD=$(BUILD) tests/kernel/systemd/run

bench: all sim $(BENCH)
	BUILD=$(BUILD) tests/bench/run

check: test
	tests/style

format:
	clang-format-14 -i $$(git ls-files '*.c' '*.h')

MAN8 := collector-meter/collector-meter.8 collector-pac/collector-pac.8 aggregator/aggregator.8
MAN7 := common/wattzone.7 common/wattzone-topics.7 common/wattzone-guarantees.7

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(PREFIX)/share/doc/wattzone $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(PROGRAMS:%=$(BUILD)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(MAN7) $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 $(MAN8) $(DESTDIR)$(PREFIX)/share/man/man8
	$(foreach p,$(PROGRAMS),install -m 644 $(p)/example.json $(DESTDIR)$(PREFIX)/share/doc/wattzone/$(p).json &&) :
	sed 's,/usr/local/bin/,$(PREFIX)/bin/,' deploy/systemd/collector-meter.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/collector-meter.service

clean:
	rm -rf $(BUILD)

help:
	@echo 'make [all]    the three programs, in $(BUILD)/'
	@echo 'make test     unit tests, then system tests with a real broker and real Modbus servers'
	@echo 'make demo     the whole chain with simulated meters'
	@echo 'make faults   kills, power cuts, full disks, bad lines and clocks in full; figures in $(BUILD)/faults.txt'
	@echo 'make kernel   tests on real GPIO lines, in a kernel of their own (Debian 12)'
	@echo 'make systemd  the unit under a real systemd, in an emulated machine (Debian 12, as root)'
	@echo 'make bench    speed, as ratios'
	@echo 'make install  programs, man pages, units and examples below PREFIX ($(PREFIX))'
	@echo 'make check    tests and style; make format; make clean'

.PHONY: all sim unit unit-programs test faults demo kernel systemd bench check format install clean help
.SECONDARY:
-include $(patsubst %.c,$(BUILD)/obj/%.d,$(foreach c,$(COMPONENTS) sim bench unit fixtures system,$(sources_$(c))))
