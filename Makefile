# `make` alone prints this help: the text after ## beside each target.
HOST ?= 127.0.0.1
PORT ?= 5000
T ?= tests
OUT ?=
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install run test fuzz test-machine check content-check format lock map screenshots faults bench bench-check bench-regrade clean

help: ## print this help
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Fascicle needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what Fascicle runs on (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing what testing needs (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

install: .venv/installed-dev ## build .venv with everything that running, testing and checking need

run: .venv/installed ## start Fascicle: make run HOST=127.0.0.1 PORT=5000
	@$(BIN)/python -m quizapp --host $(HOST) --port $(PORT)

test-machine: .venv/installed-dev
	@sh tests/machine.sh

test: test-machine ## all tests (T=tests/domain for a part): needs nothing but Python
	@$(BIN)/python -m pytest $(T)

fuzz: test-machine ## the property tests with a thousand examples each, and new ones every time
	@$(BIN)/python -m pytest --hypothesis-profile thorough tests/domain tests/banks tests/services

check: .venv/installed-dev ## lint, format, types, import contracts, documents, content
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/flask map --check
	$(BIN)/flask banks schema --check
	$(BIN)/flask banks check questions --content --no-notes

content-check: .venv/installed-dev ## compare the words and numbers of the course with its evidence; notes, readability, credit
	@$(BIN)/flask banks check questions --content

format: .venv/installed-dev ## put the code into the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

map: .venv/installed-dev ## write docs/map.md and the JSON Schemas anew from the code
	$(BIN)/flask map
	$(BIN)/flask banks schema

screenshots: test-machine ## a picture of each page, phone and desktop, light and dark: make screenshots OUT=/some/folder
	@$(BIN)/python -m tests.browser.screenshots $(OUT)

bench: test-machine ## the learner's journey beside floors in the same run: make bench OUT=file.json
	@$(BIN)/python -m bench $(OUT)

bench-check: test-machine ## compare the bench's ratios with docs/benchmarks.json
	@$(BIN)/python -m bench --journeys 20 --requests 200 --seconds 2 --check docs/benchmarks.json

bench-regrade: test-machine ## a key changed in 100,000 finished attempts, killed half-way and resumed (5 minutes)
	@$(BIN)/python -m bench.regrade

faults: test-machine ## kill, cut off, fill up and set back a server under load; no answer may be lost (15 minutes)
	@$(BIN)/python -m tests.faults --scale long

lock: .venv/installed-dev ## pin the newest versions that requirements*.in allow
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate requirements-dev.in -o requirements-dev.txt

clean: ## take away .venv and caches (the database in instance/ stays)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
