# `make run` and `make test` are all that a newcomer needs; both install what is missing and say so.
SHELL := /bin/bash
SWIFT_FLAGS := -c release -Xswiftc -enable-testing --explicit-target-dependency-import-check error
PROGRAM := .build/release/tidewatt

.PHONY: run test build setup setup-tests test-swift test-python smoke sanitize acceptance nightly bench lint format clean

run: setup ## build the program and start the demo; prints the console's address
	swift build $(SWIFT_FLAGS) --product tidewatt
	$(PROGRAM) demo

build: setup
	swift build $(SWIFT_FLAGS) --product tidewatt

test: setup-tests ## everything: one release build for program and tests, real sockets, real SQLite, real Chromium
	scripts/test.sh

setup:
	scripts/setup.sh build

setup-tests:
	scripts/setup.sh tests

smoke: ## the demo for a short while, from outside, on the program that is built
	scripts/demo-smoke.sh $(PROGRAM)

sanitize: setup ## address sanitizer on the targets without NIO and SQL
	scripts/sanitize.sh

acceptance: ## the checks beside this checkout, where they exist
	scripts/acceptance.sh $(PROGRAM)

nightly: setup-tests ## longer runs: thousands of seeds, millions of damaged inputs, every sanitizer
	TIDEWATT_SEEDS=5000 TIDEWATT_PARK_SEEDS=1000 TIDEWATT_KILL_SEEDS=10 scripts/test.sh
	scripts/fuzz.sh
	scripts/sanitize.sh thread

bench: setup ## figures of docs/performance.md
	scripts/bench.sh

lint:
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift

clean:
	rm -rf .build .build-asan .build-tsan .venv
