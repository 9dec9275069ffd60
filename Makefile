# Livefloor: two commands do it. `make run` installs what is needed, builds and
# starts the server; `make test` passes all tests.

DATA   ?= livefloor-data
LISTEN ?= 127.0.0.1:8080
ARGS   ?=
JOBS   ?= $(shell nproc)

.PHONY: help run build profile test bench clean deps deps-test deps-bench format \
        test-release test-clang test-asan test-tsan

help:
	@echo "make run      install what is needed, build, start the server on $(LISTEN)"
	@echo "make build    build only: leaves build/livefloor"
	@echo "make test     build with gcc, clang and the sanitizers, run all suites"
	@echo "make bench    run the benchmarks (see docs/benchmarks.md)"
	@echo "make clean    remove what was built"

run: build
	./build/livefloor serve --data $(DATA) --listen $(LISTEN) $(ARGS)

build: deps profile
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target livefloor

# What the release build is optimised by (docs/decisions/0025).
profile: deps
	cmake --preset training
	cmake --build --preset training -j $(JOBS)

deps:
	@./packages.sh run

deps-test:
	@./packages.sh run test

deps-bench:
	@./packages.sh run test bench

# Each suite ends with CTest's own closing line.
test: test-clang test-asan test-tsan test-release

test-release: deps-test profile
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	ctest --test-dir build -j $(JOBS) --output-on-failure

test-clang: deps-test
	cmake --preset clang
	cmake --build --preset clang -j $(JOBS)
	ctest --test-dir build-clang -j $(JOBS) --output-on-failure -L "unit|lint"

test-asan: deps-test
	cmake --preset asan-ubsan
	cmake --build --preset asan-ubsan -j $(JOBS)
	ctest --test-dir build-asan -j $(JOBS) --output-on-failure

test-tsan: deps-test
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	ctest --test-dir build-tsan -j $(JOBS) --output-on-failure

bench: deps-bench profile
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	python3 bench/run.py --build build
	/usr/bin/python3 bench/render.py

format:
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cpp')

clean:
	rm -rf build build-*
