# The commands of the house; `make` alone lists them. Only `run` and `test` are needed to begin.

SHELL := /bin/bash
# The Python that makes the virtual environment: 3.11 or newer.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)) python3)
BOOTSTRAP := $(PYTHON) retailops/runtime/bootstrap.py
VENV := .venv/bin
MANAGE := $(VENV)/python manage.py
TYPED := retailops returns inventory reconciliation connectors tests manage.py benchmarks
# Two processes are enough to show what is not parallel-safe, and fit two cores.
TEST_WORKERS ?= 2
TESTS ?= tests

.PHONY: help run test lint types format bench assets schema lock screenshots clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: ## run everything on this machine; Ctrl-C stops it and keeps the data
	@$(BOOTSTRAP)
	@exec $(MANAGE) up $(ARGS)

# What kills and restarts whole systems runs last and alone: it takes both cores.
test: ## run the whole test suite (TESTS=tests/runtime for a part)
	@$(BOOTSTRAP) --dev --chromium
	@failed=0; \
	$(VENV)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup -m "not chaos" $(TESTS) $(ARGS) || failed=1; \
	if [ "$(TESTS)" = tests ]; then $(VENV)/python -m pytest -m chaos tests/chaos $(ARGS) || failed=1; fi; \
	exit $$failed

lint: ## ruff and the import layers
	@$(BOOTSTRAP) --dev
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/lint-imports

types: ## mypy, strict
	@$(BOOTSTRAP) --dev
	$(VENV)/mypy $(TYPED)

format: ## let ruff format and mend what it can
	@$(BOOTSTRAP) --dev
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

bench: ## measure the figures of benchmarks/README.md
	@$(BOOTSTRAP) --dev
	@exec $(VENV)/python -m benchmarks $(ARGS)

assets: ## copy the browser files of package-lock.json to static/vendor
	@$(BOOTSTRAP) --assets-only

schema: ## write docs/openapi.json and docs/asyncapi.json from the code
	@$(BOOTSTRAP) --dev
	$(MANAGE) spectacular --format openapi-json --file docs/openapi.json --validate --fail-on-warn
	$(MANAGE) asyncapi > docs/asyncapi.json.new
	@mv docs/asyncapi.json.new docs/asyncapi.json

lock: ## compile requirements*.in with hashes (needs uv)
	uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 -q requirements.in -o requirements.txt
	uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 -q requirements-dev.in -o requirements-dev.txt
	uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 -q requirements-node.in -o requirements-node.txt
	npm install --package-lock-only --ignore-scripts

screenshots: ## take pictures of the workbench into screenshots/
	@$(BOOTSTRAP) --dev --chromium
	@exec $(VENV)/python -m pytest tests/browser -m browser --screenshots screenshots -q $(ARGS)

clean: ## remove everything that was made, except the data in var/postgres
	rm -rf .venv node_modules static/vendor staticfiles screenshots .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf var/log var/beat-schedule* var/up.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
