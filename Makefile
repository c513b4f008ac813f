# Two commands do everything on a fresh Debian 12 or Ubuntu 24.04: `make demo` and `make test`.
# Doing one twice does no work twice.

MODEL := models/all-MiniLM-L6-v2
DATA := examples/banking77
FRUGAL := build/bin/frugal
JOBS := $(shell nproc)

.PHONY: help demo test setup build model bench asan tsan fuzz coverage format check-format check-layers lint install clean

help:
	@echo "make demo          fine-tune, shrink and measure MiniLM on BANKING77 (installs and builds what is missing)"
	@echo "make test          build and run all tests"
	@echo "make bench         side-by-side figures against PyTorch, ONNX Runtime and tokenizers -> docs/RESULTS.md"
	@echo "make asan tsan     tests under sanitizers          make fuzz      every fuzz target for 60 s"
	@echo "make coverage      line coverage of the tests      make format    clang-format on all sources"
	@echo "make lint          clang-tidy                      make install   cmake --install build (PREFIX=/usr/local)"

demo: build model
	$(FRUGAL) shrink --model $(MODEL) --data $(DATA)/train.tsv --test $(DATA)/test.tsv --target 0.99 --out out/banking77
	@echo "My card has not arrived yet" | $(FRUGAL) classify out/banking77 --top 3

test: build
	ctest --test-dir build --output-on-failure -j $(JOBS)

setup:
	@scripts/setup.sh

build/build.ninja: CMakeLists.txt CMakePresets.json cmake/*.cmake | setup
	cmake --preset release

build: setup build/build.ninja
	cmake --build build -j $(JOBS)

model: setup
	@scripts/fetch-minilm.sh $(MODEL)

bench: build model
	scripts/bench.sh

asan tsan coverage: setup
	@if [ $@ = coverage ]; then scripts/setup.sh --coverage; fi
	cmake --preset $@
	cmake --build build-$@ -j $(JOBS)
	ctest --test-dir build-$@ --output-on-failure -j $(JOBS)
	@if [ $@ = coverage ]; then gcovr -r . --filter frugal/ --gcov-ignore-parse-errors build-coverage --print-summary | tail -n 4; fi

FUZZ_SECONDS := 60
fuzz: setup
	scripts/setup.sh --fuzz
	cmake --preset fuzz
	cmake --build build-fuzz -j $(JOBS)
	scripts/fuzz.sh build-fuzz $(FUZZ_SECONDS)

format:
	git ls-files 'frugal/*.h' 'frugal/*.cc' 'examples/*.cc' | xargs clang-format -i

check-format:
	git ls-files 'frugal/*.h' 'frugal/*.cc' 'examples/*.cc' | xargs clang-format --dry-run -Werror

check-layers:
	@python3 scripts/check_layers.py

lint: build
	git ls-files 'frugal/*.cc' | grep -v _cpu.cc | xargs clang-tidy -p build --quiet

PREFIX := /usr/local
install: build
	cmake --install build --prefix $(PREFIX)

clean:
	rm -rf build build-*
