# One verb a line; each installs what it needs, so that a fresh clone needs Python 3.11-3.13, git, make and,
# where no Pulumi CLI is installed, Go.

STACK ?= dev
CLOUD ?= sandbox
ONLY ?=
PYTHON ?= python3
UV_VERSION := 0.13.9
# Hidden, so that a program run from this folder never mistakes it for source.
UV := .tools/uv/bin/uv
BIN := .venv/bin
SYNC := UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=.venv $(UV) sync --quiet --frozen --inexact --compile-bytecode --python $(PYTHON)
# Test workers: two fit the memory of a small machine; more cores may set more.
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup preview up down programs check test accept newest fresh lint coverage reference bench model docs release clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

setup: .venv/.base ## Install what a preview needs (no TensorFlow, no MLflow), the Pulumi engine and OPA
	@$(BIN)/python -m mobile_ai.sandbox.engine
	@$(BIN)/mobile-ai policy build

preview: setup ## Preview STACK=dev|prod with the policy pack (CLOUD=sandbox|aws) and print the verdict
	@$(BIN)/mobile-ai gate --stack $(STACK) --cloud $(CLOUD) $(ARGS)

up: .venv/.all ## Deploy STACK if the gate passes it (CLOUD=sandbox: a running `mobile-ai sandbox up`; CLOUD=aws)
	@$(BIN)/mobile-ai up --stack $(STACK) --cloud $(CLOUD) $(ARGS)

down: .venv/.all ## Delete everything that STACK deployed (CLOUD=sandbox|aws)
	@$(BIN)/mobile-ai down --stack $(STACK) --cloud $(CLOUD) $(ARGS)

programs: .venv/.all
	@$(BIN)/python -m mobile_ai.sandbox.engine
	@$(BIN)/mobile-ai policy build
	@$(BIN)/python -m mobile_ai.sandbox.kubernetes
	@$(BIN)/python -m mobile_ai.sandbox.kubernetes_provider

check: .venv/.all ## Run the fast tests: no engine, no services, no TensorFlow, nothing that takes seconds
	@$(BIN)/pytest -n $(JOBS) --dist loadgroup -m "not engine and not build and not services and not slow and not fuzz and not accept" $(ARGS)

test: programs ## Install everything and run every test
	@$(BIN)/pytest -n $(JOBS) --dist loadgroup $(ARGS)

accept: programs ## Run the long suites too (fuzzing, outside judges, more cases): before a release
	@$(BIN)/pytest -n $(JOBS) --dist loadgroup -m "fuzz or accept" $(ARGS)

newest: .venv/.all ## Run the engine's tests with another Pulumi engine (ENGINE=v3.x.y; else the newest)
	@engine=$$($(BIN)/python -m tests.tools.other_engine $(ENGINE)) && MOBILE_AI_PULUMI=$$engine \
	  $(BIN)/pytest -n $(JOBS) --dist loadgroup -m engine tests/e2e tests/sandbox/engine $(ARGS)

fresh: ## Run both README commands in a fresh clone with a new home and empty caches (an hour or so)
	@$(PYTHON) tests/tools/fresh.py $(ARGS)

lint: .venv/.all ## Check style, types, imports, spelling, wording and project metadata
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy __main__.py src components policy-pack/mobile_ai model-build/mobile_ai
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/codespell
	$(BIN)/python -m tests.tools.words
	$(BIN)/validate-pyproject pyproject.toml
	go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 .github/workflows/*.yml docs/templates/*.yml

coverage: programs ## Run the tests without the engine and hold their branch coverage to its floors
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(JOBS) --dist loadgroup -m "not engine and not fuzz and not accept" $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/python -m tests.tools.coverage_rooms $(ARGS)

bench: .venv/.all ## Measure ratios against peers (ONLY=<id prefix>) and write build/bench.json
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

model: .venv/.all ## Rebuild the sample models with fresh keys (rewrites trust/dev.yaml only)
	@$(BIN)/mobile-ai model samples --anchor dev

docs: .venv/.all ## Write the generated pages and exported requirements again
	@$(BIN)/python -m tests.tools.generate

.PHONY: reference
reference: .venv/.all ## Build the API reference from docstrings into build/reference
	@$(BIN)/python -m tests.tools.reference

release: .venv/.base ## Build wheel, source, notes and bill of materials of the tagged version into dist/
	@$(BIN)/python -m tests.tools.release

clean: ## Remove what the other verbs made here (the engine in the user's cache stays)
	rm -rf build dist .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/.base: pyproject.toml uv.lock | $(UV)
	@echo "Installing the base environment (about a minute the first time) ..."
	@$(SYNC) --no-dev --extra gate
	@touch $@

.venv/.all: pyproject.toml uv.lock | $(UV)
	@echo "Installing the full environment: about 3 GB, some minutes the first time ..."
	@$(SYNC) --all-extras
	@touch $@ .venv/.base

$(UV):
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python is {v[0]}.{v[1]}; expected 3.11 to 3.13. Next: make PYTHON=/path/to/python3.11 ...")'
	@$(PYTHON) -m venv .tools/uv
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
