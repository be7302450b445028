# Each command makes its environment by itself, from nothing but Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
UV_VERSION := 0.13.9
EDITOR := .venv/editor
YAML_LANGUAGE_SERVER_VERSION := 2.0.0
SDKS := .venv/sdks
SEGMENT_NODE_VERSION := 3.1.0

export PYTHONDONTWRITEBYTECODE=
unexport VIRTUAL_ENV

.PHONY: help demo test test-slow test-editor test-sdk test-faults mutants lint format lock bench clean
.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rightreason needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 ..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: $(READY) ## A small shop, end to end: import, check, preview, a simulated month, messages, a why
	@$(BIN)/rightreason demo

test: $(READY) ## All tests but the slow ones
	@$(BIN)/python -m pytest -n auto

test-slow: $(READY) ## The long runs
	@$(BIN)/python -m pytest -n auto -m slow

test-editor: $(READY) ## What editors show to who writes rules; needs npm, and fetches the YAML language server by it
	@command -v npm >/dev/null || { echo "make test-editor needs npm, which comes with Node 22.13 or newer" >&2; exit 2; }
	@npm install --prefix $(EDITOR) --no-audit --no-fund --loglevel error yaml-language-server@$(YAML_LANGUAGE_SERVER_VERSION)
	@YAML_LANGUAGE_SERVER=$(EDITOR)/node_modules/.bin/yaml-language-server $(BIN)/python -m pytest tests/editor

test-sdk: $(READY) ## Segment's SDKs send through a server that ends and is killed; needs npm, and fetches the one for Node by it
	@command -v npm >/dev/null || { echo "make test-sdk needs npm, which comes with Node 20 or newer" >&2; exit 2; }
	@npm install --prefix $(SDKS) --no-audit --no-fund --loglevel error @segment/analytics-node@$(SEGMENT_NODE_VERSION)
	@SEGMENT_NODE=$(abspath $(SDKS)) $(BIN)/python -m pytest tests/web/clients/test_sdks.py

test-faults: $(READY) ## Injures the real daemon in every way we know, many times, and compares what arrived with the ledger
	@$(BIN)/python -m pytest -n auto -m faults
	@$(BIN)/python -m tests.faults

mutants: $(READY) ## Seeds faults into copies of the engine; a test has to catch each
	@$(BIN)/python -m tests.mutants

lint: $(READY) ## ruff and mypy
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: $(READY) ## Lays out the code as lint wants it
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(READY) ## Figures: speed, as ratios where it can be
	@$(BIN)/python -m benchmarks

lock: $(READY) ## Locks every dependency anew, with hashes, for all platforms
	@$(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --python-version 3.11 \
		--all-extras --group dev --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## Removes what the commands above made
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
