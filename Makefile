# ghostbench: `make help` lists what can be made.

ifeq ($(origin CC),default)
CC        = gcc
endif
# `make V=1` shows the commands.
Q         = $(if $(V),,@)
# One build folder a compiler and a variant, so that they never mix.
VARIANT  ?= release
BUILD    ?= build$(if $(filter release,$(VARIANT)),,/$(VARIANT))
PREFIX   ?= /usr/local
PACKAGES  = libxml-2.0 gsl jansson papi

WARNINGS  = -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wcast-qual -Wswitch-enum -Wvla -Wdouble-promotion -Wformat=2 -Wundef
OPTIMISE ?= -O2 -g
ifeq ($(VARIANT),asan)
OPTIMISE  = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# Floating point means what it says: no fast-math; contraction only where a kernel's rule allows it.
CFLAGS   := -std=c11 $(WARNINGS) $(OPTIMISE) -ffp-contract=off -fno-math-errno -I. \
            $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) $(EXTRA_CFLAGS)
LDLIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcsv -lm -lpthread
# Reference loops are plain C; the compiler may still vectorise them.
LAYER_CFLAGS = -O3

LIB_SOURCES := $(wildcard layers/*.c layers/base/*.c harness/xml/*.c harness/graph/*.c \
                 harness/engine/*.c harness/measure/*.c harness/stats/*.c harness/report/*.c)
CLI_SOURCES := $(wildcard harness/cli/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(BUILD)/%.o)
TEST_SOURCES := $(wildcard tests/unit/test_*.c tests/layers/test_*.c tests/kernels/test_*.c \
                  tests/networks/test_*.c tests/bad/test_*.c)
TESTS       := $(TEST_SOURCES:%.c=$(BUILD)/%)
TEST_SCRIPTS := $(wildcard tests/check_*.sh tests/*/check_*.sh)

all: $(BUILD)/ghostbench

-include layers/kernels/rules.mk
LIB_OBJECTS += $(KERNEL_OBJS)

# The flags stand in a file, so that a change of them rebuilds everything.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(CC) $(CFLAGS) $(LDLIBS)' | cmp -s - $@ || printf '%s\n' '$(CC) $(CFLAGS) $(LDLIBS)' > $@
FORCE:

$(BUILD)/layers/%.o: CFLAGS += $(if $(filter asan,$(VARIANT)),,$(LAYER_CFLAGS))
$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC $<')
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libghostbench.a: $(LIB_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/ghostbench: $(CLI_OBJECTS) $(BUILD)/libghostbench.a
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libghostbench.a
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $^ $(LDLIBS) -o $@

tests: $(TESTS)

check: $(BUILD)/ghostbench $(TESTS)
	BUILD=$(BUILD) sh tests/run.sh $(TESTS) $(TEST_SCRIPTS)

clean:
	rm -rf build

help:
	@sed -n 's/^#: //p' Makefile

.PHONY: all tests check clean help FORCE
.SECONDARY:
-include $(LIB_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d) $(TESTS:=.d)
