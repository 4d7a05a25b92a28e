# SPDX-License-Identifier: MIT
#
# A short way into the CMake build; `make help` tells what there is.

PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= 2
PRESETS ?= release release-clang asan-ubsan tsan-clang 32-bit

# Each sanitizer has one compiler in `make check` and the other here, since a build with the library
# and its tests takes minutes, and ThreadSanitizer of gcc 12 up to eight times as long as clang's.
THOROUGH_PRESETS := debug asan-ubsan-clang tsan

# Presets for other C libraries and, under an emulator, other processors.
MACHINES := musl aarch64 armhf s390x

BUILD   := build/release
RESULTS ?= build/results
C_FILES = $(shell find src include test tools bench examples clients -name '*.[ch]' 2>/dev/null)

.PHONY: build check check-thorough machines proof model mutate coverage
.PHONY: fresh demo bench bench-clients bench-sft bench-heap lua bench-lua install format clean help

# What `build` builds, and the packages for it. Tests that `make check` has configured stay so, but
# are not built here; else nothing of theirs is asked for.
TARGETS  := programs
PACKAGES := build

build:
	@tools/install-packages $(PACKAGES)
	@tests=; [ -e $(BUILD)/CTestTestfile.cmake ] || tests=-DTERRIER_TESTS=OFF; \
	    cmake --preset release -DCMAKE_INSTALL_PREFIX=$(abspath $(PREFIX)) $$tests >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) --target $(TARGETS)

check:
	@tools/install-packages check
	@$(if $(filter $(MACHINES),$(PRESETS)),tools/install-packages machines)
	@JOBS=$(JOBS) tools/check $(PRESETS)

check-thorough:
	@tools/install-packages check
	@tools/install-packages thorough
	@tools/install-packages proof
	@tools/install-packages machines
	@TERRIER_THOROUGH=1 JOBS=$(JOBS) tools/check $(THOROUGH_PRESETS) \
	    $(filter-out $(MACHINES) $(THOROUGH_PRESETS),$(PRESETS)) $(MACHINES)

machines:
	@tools/install-packages machines
	@JOBS=$(JOBS) tools/check $(MACHINES)

proof:
	@tools/install-packages proof
	@JOBS=$(JOBS) tools/proof

model:
	@tools/install-packages model
	@tools/model

mutate:
	@tools/install-packages coverage
	@tools/mutate --self-test
	@tools/mutate --jobs $(JOBS)

coverage:
	@tools/install-packages coverage
	@JOBS=$(JOBS) tools/coverage

demo:
	@$(MAKE) --no-print-directory build PACKAGES=demo
	@tools/demo

fresh:
	@tools/install-packages fresh
	@JOBS=$(JOBS) tools/fresh $(if $(filter-out 0,$(DEMO)),--demo) $(RELEASES)

bench:
	@$(MAKE) --no-print-directory build PACKAGES=bench TARGETS="programs benches"
	@TERRIER_BENCH_RESULTS=$(abspath $(RESULTS)) tools/bench

bench-clients:
	@$(MAKE) --no-print-directory build PACKAGES=clients TARGETS="programs bench_watch"
	@TERRIER_BENCH_RESULTS=$(abspath $(RESULTS)) tools/bench-clients \
	    $(HALF:%=--half %) $(CPUS:%=--cpus %) $(INPUTS:%=--inputs %) $(WORKLOADS)

bench-sft:
	@$(MAKE) --no-print-directory build TARGETS=bench_sft
	@TERRIER_BENCH_RESULTS=$(abspath $(RESULTS)) tools/bench-sft $(BENCH_FLAGS)

bench-heap:
	@$(MAKE) --no-print-directory build PACKAGES=heap TARGETS=bench_heap
	@TERRIER_BENCH_RESULTS=$(abspath $(RESULTS)) tools/bench-heap $(BENCH_FLAGS)

lua:
	@$(MAKE) --no-print-directory build PACKAGES=lua
	@clients/lua/build --test-builds

bench-lua: lua
	@tools/install-packages bench-lua
	@TERRIER_BENCH_RESULTS=$(abspath $(RESULTS)) tools/bench-lua $(BENCH_FLAGS)

install: build
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD)

format:
	@clang-format --version | grep -q 'version 14\.' || \
	    { echo "make format: this needs clang-format 14; others lay out otherwise" >&2; exit 1; }
	@clang-format -i $(C_FILES)

clean:
	@rm -rf build

help:
	@echo "make                 build the libraries and programs into $(BUILD)/{lib,bin}"
	@echo "make check           build and test with gcc and clang, sanitizers, and for 32 bits"
	@echo "                     (PRESETS=\"release\" for some of: $(PRESETS))"
	@echo "make check-thorough  the same with longer tests, debug and tsan by gcc, all machines"
	@echo "make machines        build and test with musl and, under an emulator, for other"
	@echo "                     processors ($(MACHINES))"
	@echo "make proof           prove the arithmetic of the SFT map and of layouts"
	@echo "make model           check the order in which the SFT map's entries are published"
	@echo "make mutate          show that the tests see small faults in the SFT map and in layouts"
	@echo "make coverage        show that the tests take every branch of them"
	@echo "make demo            show a program on Terrier's heap and on the system's libgc"
	@echo "make fresh           both of these as on a new machine, for Debian 12 and 13, as root"
	@echo "                     (DEMO=1 for make demo only; RELEASES=\"trixie\" for one of them)"
	@echo "make bench           measure; results go to $(RESULTS), what is published to bench/results"
	@echo "make bench-clients   measure with Guile, ECL, Asymptote, Crystal, Macaulay2, Inkscape, …"
	@echo "                     (WORKLOADS=\"…\" for some, HALF=tuned|held for one half,"
	@echo "                     CPUS=1|2|busy, INPUTS=DIR for the files of a folder too)"
	@echo "make bench-sft       measure lookups in the SFT map (BENCH_FLAGS=--json for rows)"
	@echo "make bench-heap      measure programs of ours on all plans, libgc, malloc, OCaml and Java"
	@echo "                     (BENCH_FLAGS=--quick for less; tools/bench-heap says more)"
	@echo "make lua             fetch Lua 5.4's sources and build it on Terrier, into build/lua"
	@echo "make bench-lua       measure it beside Debian's Lua, in both modes and on mimalloc"
	@echo "make install         install below PREFIX ($(PREFIX)); DESTDIR is put in front"
	@echo "make format          lay out all C files with clang-format"
	@echo "make clean           remove build/"
	@echo "JOBS=N               parallel jobs ($(JOBS))"
