# Edgefold. `make` lists the targets; `make demo` and `make test` set up all they need, inside this folder.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo test check e2e bench soak lock clean setup-demo setup-test

help: ## List the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup-demo ## Set up, train on real purchases, export, start the API and the page
	@echo "==> The demo: from real purchases to a score in the page (Ctrl-C stops it)"
	@$(BIN)/edgefold demo $(DEMO)

test: setup-test ## Set up, then run every test: TypeScript, Python, real browser
	@echo "==> TypeScript: types, then tests"
	@tsc --project tsconfig.json && tsc --project demo_app/page/tsconfig.json
	@npm run --silent build --workspace web_client
	@vitest run --reporter=dot
	@echo "==> Python, SQL, HTTP and a real browser"
	@$(BIN)/python -m pytest -q -n auto $(PYTEST)

check: setup-test ## Format, lint, types, import contracts
	@echo "==> ruff, mypy, import-linter"
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && $(BIN)/mypy --no-error-summary && $(BIN)/lint-imports --no-cache > /dev/null
	@echo "==> tsc, Biome"
	@tsc --project tsconfig.json && tsc --project demo_app/page/tsconfig.json && biome check --log-level=error .

e2e: setup-test ## Run the end-to-end tests alone, in a real browser
	@npm run --silent build --workspace web_client
	@$(BIN)/python -m pytest -q tests/e2e $(PYTEST)

bench: setup-test ## Measure speed and size, each beside what one would pick instead
	@npm run --silent build --workspace web_client
	@$(BIN)/python tests/bench/run.py $(BENCH)

soak: setup-test ## Long random runs: make soak SEED=7 COUNT=20000
	@npm run --silent build --workspace web_client
	@EDGEFOLD_SEED=$(or $(SEED),1) EDGEFOLD_COUNT=$(or $(COUNT),5000) vitest run --reporter=dot
	@EDGEFOLD_SEED=$(or $(SEED),1) EDGEFOLD_COUNT=$(or $(COUNT),5000) $(BIN)/python -m pytest -q -n auto --timeout=0 $(PYTEST)

lock: setup-test ## Pin the newest versions that fit, in requirements/*.txt and package-lock.json
	@cd requirements && for set in demo test; do ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --upgrade $$set.in -o $$set.txt; done
	@npm update --package-lock-only --no-fund --no-audit

clean: ## Remove what the other targets made
	@rm -rf .venv node_modules .artifacts web_client/dist .hypothesis .pytest_cache .mypy_cache .ruff_cache

setup-demo:
	@$(PYTHON) requirements/install.py demo

setup-test:
	@$(PYTHON) requirements/install.py test
