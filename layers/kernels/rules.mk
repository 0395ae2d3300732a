# Kernels: every source once per instruction set; included by the top-level Makefile, adds to KERNEL_OBJS.
# -ffp-contract=fast lets a * b + c become one fused instruction; nothing else about rounding is relaxed.
KERNEL_DIR := layers/kernels
KERNEL_SRCS := $(filter-out isa.c,$(notdir $(wildcard $(KERNEL_DIR)/*.c)))
KERNEL_ARCH := $(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)
# Sanitizers make -O3 of these templates take minutes, and the fuzzer's instrumentation even -O1. What is
# fuzzed are the readers of files, which know no kernel.
KERNEL_CFLAGS = $(if $(filter fuzz,$(VARIANT)),$(filter-out -fsanitize%,$(CFLAGS)),$(CFLAGS))
KERNEL_OPTIMISE := $(if $(filter asan fuzz,$(VARIANT)),-O1,-O3)
KERNEL_FLAGS := $(KERNEL_OPTIMISE) -ffp-contract=fast -fno-math-errno -fno-trapping-math -Wno-conversion -Wno-sign-conversion

KERNEL_FLAGS_avx512 := -mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma -mprefer-vector-width=512 \
                       -DGB_ISA_ID=GB_ISA_AVX512
KERNEL_FLAGS_avx2 := -mavx2 -mfma -DGB_ISA_ID=GB_ISA_AVX2
KERNEL_FLAGS_neon := -DGB_ISA_ID=GB_ISA_NEON
KERNEL_FLAGS_baseline := -DGB_ISA_ID=GB_ISA_BASELINE

ifeq ($(KERNEL_ARCH),x86_64)
KERNEL_ISAS := avx512 avx2 baseline
else ifeq ($(KERNEL_ARCH),aarch64)
KERNEL_ISAS := neon
else
KERNEL_ISAS := baseline
endif

KERNEL_OBJS := $(BUILD)/$(KERNEL_DIR)/isa.o

define KERNEL_RULE
KERNEL_OBJS += $(KERNEL_SRCS:%.c=$(BUILD)/$(KERNEL_DIR)/%.$(1).o)
$(BUILD)/$(KERNEL_DIR)/%.$(1).o: $(KERNEL_DIR)/%.c $(BUILD)/flags $(KERNEL_DIR)/rules.mk
	@mkdir -p $$(@D)
	$$(if $$(V),,@echo '  CC $$< ($(1))')
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $$(KERNEL_FLAGS) $$(KERNEL_FLAGS_$(1)) -DGB_ISA_SUFFIX=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach isa,$(KERNEL_ISAS),$(eval $(call KERNEL_RULE,$(isa))))

#: make bench-kernels   every kernel on the layers of the zoo (ARGS='--isa avx2 --network ghostnet')
bench-kernels: $(BUILD)/tests/bench/bench_kernels
	@mkdir -p results/bench
	$< --json results/bench/kernels.json $(ARGS)
.PHONY: bench-kernels
