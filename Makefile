# ghostbench: `make help` lists what can be made.

ifeq ($(origin CC),default)
CC        = gcc
endif
# `make V=1` shows the commands.
Q         = $(if $(V),,@)
PREFIX   ?= /usr/local
PACKAGES  = libxml-2.0 gsl jansson sqlite3 libmd papi

# One build folder a compiler and a variant, so that they never mix: build, build/asan, build/clang,
# build/clang-asan, build/gcc-13 …
VARIANT  ?= release
empty    :=
name     := $(filter-out gcc cc,$(notdir $(firstword $(CC)))) $(filter-out release,$(VARIANT))
name     := $(subst $(empty) $(empty),-,$(strip $(name)))
BUILD    ?= build$(if $(name),/$(name))

# All processors, unless -j says otherwise; `clean` beside other goals keeps their order. An inner
# make shares the processors of the outer one.
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif

WARNINGS  = -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wcast-qual -Wswitch-enum -Wvla -Wdouble-promotion -Wformat=2 -Wundef
# DWARF 4, as Debian 12's valgrind cannot read the DWARF 5 that clang 14 writes.
OPTIMISE ?= -O2 -gdwarf-4
ifeq ($(VARIANT),asan)
OPTIMISE  = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifeq ($(VARIANT),fuzz)
OPTIMISE  = -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
endif
ifeq ($(VARIANT),tsan)
OPTIMISE  = -O1 -g -fsanitize=thread
endif
# Floating point means what it says: no fast-math; contraction only where a kernel's rule allows it.
CFLAGS   := -std=c11 $(WARNINGS) $(OPTIMISE) -ffp-contract=off -fno-math-errno -I. \
            $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) $(EXTRA_CFLAGS)
LDLIBS   := $(shell pkg-config --libs $(filter-out papi,$(PACKAGES)) 2>/dev/null) -lcsv -lpthreadpool -lm -lpthread
# What is linked; objects do not depend on it, so that one more library recompiles nothing.
LIBS      = $(LDLIBS) -lprotobuf-c
# Where onnx.proto stands (Debian: libonnx-dev); the C for it is made when building.
ONNX_PROTO ?= $(firstword $(wildcard /usr/include/onnx/onnx.proto \
                /usr/local/include/onnx/onnx.proto) /usr/include/onnx/onnx.proto)
# Reference loops are plain C; the compiler may still vectorise them.
LAYER_CFLAGS = -O3

LIB_SOURCES := $(filter-out harness/cli/%,$(wildcard layers/*.c layers/base/*.c harness/*/*.c))
CLI_SOURCES := $(wildcard harness/cli/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o)
CLI_OBJECTS := $(CLI_SOURCES:%.c=$(BUILD)/%.o)
TEST_SOURCES := $(wildcard tests/*/test_*.c)
TESTS       := $(TEST_SOURCES:%.c=$(BUILD)/%)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS     := $(FUZZ_SOURCES:%.c=$(BUILD)/%)
REPLAYS     := $(FUZZ_SOURCES:tests/fuzz/fuzz_%.c=$(BUILD)/tests/fuzz/replay_%)
TEST_SCRIPTS := $(sort $(wildcard tests/check_*.sh tests/*/check_*.sh))

#: make                 the program, build/ghostbench (CC=clang: build/clang/ghostbench)
all: $(BUILD)/ghostbench

#: make reproduce       installs what is missing, builds, recomputes the tables of the paper, times the zoo
reproduce:
	@CC='$(CC)' sh harness/setup.sh build run
	@$(MAKE) --no-print-directory all
	@$(BUILD)/ghostbench run ghostnet-paper && code=0 || code=$$?; \
	  echo; $(BUILD)/ghostbench run latency-zoo ghost-speedup counters-by-layer || times=$$?; \
	  case $${times:-0} in 0 | 3) ;; *) code=$$times ;; esac; \
	  $(BUILD)/ghostbench report results >/dev/null || code=$$?; \
	  echo; echo 'Tables and plots are in results/ (text, Markdown, CSV, JSON, LaTeX, SVG, PNG, PDF).'; \
	  echo 'The report on all of it, one page for a browser: results/report.html'; \
	  exit $$code

#: make check           installs what is missing, builds, and runs all tests (CC=clang too)
check:
	@CC='$(CC)' sh harness/setup.sh build run check $(if $(filter asan,$(VARIANT)),asan)
	@$(MAKE) --no-print-directory run-tests

#: make asan            the same tests under AddressSanitizer and UBSan (CC=clang too)
asan:
	@$(MAKE) --no-print-directory VARIANT=asan check

#: make check-aarch64   kernels, layers and networks on 64-bit ARM: cross-built, emulated by qemu-user
check-aarch64:
	@MAKE='$(MAKE)' sh tests/aarch64.sh

#: make valgrind        the program, and the tests of kernels, layers and networks, under valgrind
valgrind:
	@CC='$(CC)' sh harness/setup.sh build check
	@$(MAKE) --no-print-directory run-valgrind
ENGINE_TESTS := %/test_native %/test_steps %/test_merge %/test_strips
WATCHED := $(filter $(BUILD)/tests/kernels/% $(BUILD)/tests/layers/% $(ENGINE_TESTS),$(TESTS))
run-valgrind: $(BUILD)/ghostbench $(WATCHED)
	@BUILD=$(BUILD) sh tests/valgrind.sh $(WATCHED)

#: make tsan            the engine's networks on several threads under ThreadSanitizer
tsan:
	@CC='$(CC)' sh harness/setup.sh build check
	@$(MAKE) --no-print-directory VARIANT=tsan run-tsan
RACED := $(filter %/test_native %/test_visit %/test_steps %/test_strips,$(TESTS))
$(if $(filter tsan,$(VARIANT)),$(RACED): $(BUILD)/tests/lib/pool.o)
# Without random addresses: the sanitizer of gcc 12 keeps places of its own.
run-tsan: $(RACED)
	@BUILD=$(BUILD) GHOSTBENCH_QUICK=1 RUNNER='setarch -R' sh tests/run.sh $(RACED)

#: make fuzz            fuzzes the readers of files with clang's libFuzzer, FUZZ_SECONDS=60 each
fuzz:
	@CC=clang sh harness/setup.sh build fuzz
	@$(MAKE) --no-print-directory CC=clang VARIANT=fuzz run-fuzz

#: make lint            formatting, who may include whom, no writable globals, …
lint:
	@CC='$(CC)' sh harness/setup.sh build lint
	@$(MAKE) --no-print-directory run-lint

#: make schema          the RELAX NG grammars of XML files, made from the tables of the layers
schema: $(BUILD)/ghostbench
	$(BUILD)/ghostbench help --schema architecture >$(BUILD)/architecture.rng
	$(BUILD)/ghostbench help --schema experiment >$(BUILD)/experiment.rng
	$(BUILD)/ghostbench help --schema counters >$(BUILD)/counters.rng
	mv $(BUILD)/architecture.rng architectures/architecture.rng
	mv $(BUILD)/experiment.rng experiments/experiment.rng
	mv $(BUILD)/counters.rng experiments/counters/counters.rng

#: make setup           only installs what building and running need
setup:
	@CC='$(CC)' sh harness/setup.sh build run

-include layers/kernels/rules.mk
# The kernels take longest to compile: first, so that no processor waits for them at the end.
LIB_OBJECTS := $(KERNEL_OBJS) $(LIB_OBJECTS)
$(if $(KERNEL_OBJS),$(KERNEL_OBJS): $(BUILD)/flags)

# The flags stand in a file, so that a change of them rebuilds everything. The first build (and the
# first one after a library went) looks whether everything is there.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(CC) $(CFLAGS) $(LDLIBS)' | cmp -s - $@ || \
	  { CC='$(CC)' sh harness/setup.sh --check build && \
	    printf '%s\n' '$(CC) $(CFLAGS) $(LDLIBS)' > $@; }
FORCE:

$(BUILD)/layers/%.o: CFLAGS += $(if $(filter asan fuzz,$(VARIANT)),,$(LAYER_CFLAGS))
$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC $<')
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# What a stored measurement says about the program that made it.
$(BUILD)/harness/cli/build.o: CFLAGS += -DGB_FLAGS='"$(OPTIMISE) -ffp-contract=off, layers $(LAYER_CFLAGS)"'

# ONNX in C: only harness/graph/onnx.c and its test include it.
GENERATED := $(BUILD)/generated
LIB_OBJECTS += $(GENERATED)/onnx.pb-c.o
$(GENERATED)/onnx.pb-c.h: $(ONNX_PROTO) $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo '  PROTOC $<')
	$(Q)protoc-c --proto_path=$(dir $<) --c_out=$(@D) $(notdir $<)
$(GENERATED)/onnx.pb-c.o: $(GENERATED)/onnx.pb-c.h
	$(if $(V),,@echo '  CC $(GENERATED)/onnx.pb-c.c')
	$(Q)$(CC) $(CFLAGS) -w -c $(GENERATED)/onnx.pb-c.c -o $@
$(BUILD)/harness/graph/onnx.o $(BUILD)/tests/unit/test_onnx.o: CFLAGS += -isystem $(GENERATED)
$(BUILD)/harness/graph/onnx.o $(BUILD)/tests/unit/test_onnx.o: $(GENERATED)/onnx.pb-c.h

# The report's style and script as C, a string a line, with the hash that the page's policy names.
PAGE := harness/report/page
LIB_OBJECTS += $(GENERATED)/page.o
$(GENERATED)/page.c: $(PAGE).css $(PAGE).js $(PAGE).sh
	@mkdir -p $(@D)
	$(Q)sh $(PAGE).sh $(PAGE).css $(PAGE).js >$@.new && mv $@.new $@
$(GENERATED)/page.o: $(GENERATED)/page.c $(BUILD)/flags
	$(if $(V),,@echo '  CC $<')
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libghostbench.a: $(LIB_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/ghostbench: $(BUILD)/libghostbench.a $(CLI_OBJECTS)
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $(CLI_OBJECTS) $(BUILD)/libghostbench.a $(LIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libghostbench.a
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# A fuzz target with libFuzzer's main, and with one that runs given files (tests/fuzz/replay.c).
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libghostbench.a
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(filter %.o,$^) $(filter %.a,$^) $(LIBS) -o $@

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o \
                              $(BUILD)/libghostbench.a
	$(if $(V),,@echo '  LD $@')
	$(Q)$(CC) $(CFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) -o $@

# These two read what only the command line reads.
OUTSIDE := $(BUILD)/harness/cli/outside.o $(BUILD)/harness/cli/outside_config.o
$(foreach target,fuzz_engines replay_engines fuzz_answers replay_answers, \
  $(BUILD)/tests/fuzz/$(target)): $(OUTSIDE)

$(BUILD)/tests/bench/bench_team: CFLAGS += -fopenmp

BENCH_NETWORKS ?= ghostnet mobilenet-v3-large shufflenet-v2 mobilenet-v2 mobilenet-v1 resnet50 \
                  eegnet eeg-tcnet
BENCH_THREADS  ?= 1
# A verdict of "invalid" (exit code 3) is printed with its reason; it is no fault of the bench.
#: make bench           whole networks side by side, and by step; results/bench/networks.json
bench: $(BUILD)/ghostbench
	@mkdir -p results/bench
	$(BUILD)/ghostbench bench $(BENCH_NETWORKS) --threads $(BENCH_THREADS) --steps \
	  -o results/bench/networks.json || [ $$? -eq 3 ]

#: make bench-team      hand-over between threads: pthreadpool, OpenMP, the barrier, lines of cache
bench-team: $(BUILD)/tests/bench/bench_team
	$(BUILD)/tests/bench/bench_team

#: make bench-coverage  how often intervals hold the truth and comparisons err, by simulation
bench-coverage: $(BUILD)/tests/bench/bench_coverage
	$(BUILD)/tests/bench/bench_coverage
NULL_NETWORK ?= ghostnet
NULL_COMPARISONS ?= 200
#: make bench-null      the machine against itself: false alarms in 200 comparisons, what it can tell
bench-null: $(BUILD)/ghostbench
	$(BUILD)/ghostbench bench $(NULL_NETWORK) --threads 1 --null --comparisons $(NULL_COMPARISONS)

#: make bench-protocol  what the protocol itself costs: an empty callback, timed
bench-protocol: $(BUILD)/tests/bench/bench_protocol
	$(BUILD)/tests/bench/bench_protocol

#: make bench-peers     ONNX Runtime beside ghostbench: outputs, then times (tests/bench/peers)
bench-peers: $(BUILD)/ghostbench
	@CC='$(CC)' sh harness/setup.sh peers
	@BUILD=$(BUILD) CC='$(CC)' sh tests/bench/peers/run.sh

FUZZ_SECONDS ?= 60
run-fuzz: $(FUZZERS)
	@BUILD=$(BUILD) FUZZ_SECONDS='$(FUZZ_SECONDS)' sh tests/fuzz/run.sh $(FUZZERS)

tests: $(TESTS)

run-tests: $(BUILD)/ghostbench $(TESTS) $(REPLAYS)
	@BUILD=$(BUILD) VARIANT=$(VARIANT) CC='$(CC)' sh tests/run.sh $(TESTS) $(TEST_SCRIPTS)

# The lint reads objects too, those that are built, so that none is older than its source.
run-lint: $(BUILD)/ghostbench
	@BUILD=$(BUILD) VARIANT=$(VARIANT) VERBOSE=1 sh tests/run.sh $(sort $(wildcard tests/lint/check_*.sh))

# What `make install` puts where; DESTDIR stands before every path.
DATADIR = $(DESTDIR)$(PREFIX)/share
#: make install         PREFIX=/usr/local DESTDIR=: program, networks, experiments, manual, completion
install: $(BUILD)/ghostbench
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DATADIR)/ghostbench' '$(DATADIR)/man/man1' \
	  '$(DATADIR)/bash-completion/completions' '$(DATADIR)/zsh/site-functions' \
	  '$(DATADIR)/fish/vendor_completions.d' '$(DATADIR)/doc/ghostbench'
	install -m 755 $(BUILD)/ghostbench '$(DESTDIR)$(PREFIX)/bin/ghostbench'
	find architectures experiments results/published -type f ! -name '.*' -exec sh -c ' \
	  for file; do install -D -m 644 "$$file" "$$0/$$file" || exit 1; done' \
	  '$(DATADIR)/ghostbench' {} +
	install -m 644 harness/cli/ghostbench.1 '$(DATADIR)/man/man1/ghostbench.1'
	install -m 644 harness/cli/completion.bash '$(DATADIR)/bash-completion/completions/ghostbench'
	install -m 644 harness/cli/completion.zsh '$(DATADIR)/zsh/site-functions/_ghostbench'
	install -m 644 harness/cli/completion.fish '$(DATADIR)/fish/vendor_completions.d/ghostbench.fish'
	install -m 644 LICENSE '$(DATADIR)/doc/ghostbench/LICENSE'

#: make uninstall       takes away what install put there (same PREFIX and DESTDIR)
uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/ghostbench' '$(DATADIR)/man/man1/ghostbench.1' \
	  '$(DATADIR)/bash-completion/completions/ghostbench' \
	  '$(DATADIR)/zsh/site-functions/_ghostbench' \
	  '$(DATADIR)/fish/vendor_completions.d/ghostbench.fish'
	rm -rf '$(DATADIR)/ghostbench' '$(DATADIR)/doc/ghostbench'

#: make clean           removes build/
clean:
	rm -rf build

#: make help            this list
help:
	@sed -n 's/^#: //p' Makefile layers/kernels/rules.mk
	@echo
	@echo 'V=1 shows the commands, CC=clang builds in build/clang, -jN takes N processors.'

.PHONY: bench check-aarch64 valgrind run-valgrind tsan run-tsan bench-null bench-protocol bench-team bench-coverage bench-peers all reproduce check asan fuzz lint schema setup tests run-tests run-fuzz run-lint \
  install uninstall clean help FORCE
.SECONDARY:
-include $(LIB_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d) $(TESTS:=.d) $(FUZZERS:=.d) \
  $(BUILD)/tests/fuzz/replay.d
