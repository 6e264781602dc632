# Two commands do everything: `make run` and `make test`. The rest is for developers.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PYTHON ?=
export UV_SYSTEM_CERTS := 1
export PYTHONUNBUFFERED := 1
unexport PYTHONDONTWRITEBYTECODE # every process that starts would compile every library again: two seconds each
say = @printf '\033[1m==> %s\033[0m\n' $(1)

.PHONY: help run could-serve test test-fast histories bench bench-long faults mutants lint format assets lock clean

help:
	@printf '%s\n' 'make run     set up everything and serve the demonstration on http://localhost:8000 (PORT=… for another)' \
	  'make test    set up everything and run every test' 'make lint    ruff and mypy' \
  'make histories  judge many thousand invented histories in many orders (HISTORIES=… of them)' \
	  'make bench   set up everything and measure ratios (ten minutes); make bench-long: ten million scans' 'make faults  the long fault runs: kill -9 a hundred times and more, a thousand forgeries, histories in every order (an hour)' \
	  'make clean   forget what was built (var/ stays)'

run: .stamps/python could-serve assets
	$(call say,"Database and demonstration data")
	@$(BIN)/python tools/first_run.py --demo
	@$(BIN)/flask --app app db upgrade
	@$(BIN)/flask --app app demo load
	@exec $(BIN)/python tools/serve.py

could-serve: .stamps/python
	@$(BIN)/python tools/serve.py --look

test: .stamps/dev assets
	@bash tools/services.sh
	$(call say,"Tests")
	@REQUIRE_ALL=$${REQUIRE_ALL-$${CI:+1}} $(BIN)/python -m pytest -n $${WORKERS-3} --dist loadfile --no-loadscope-reorder --timeout 300 $(ARGS)

test-fast: .stamps/dev assets
	@$(BIN)/python -m pytest -x -q --timeout 120 --ignore tests/e2e -k 'not postgresql' $(ARGS)

histories: .stamps/dev assets
	$(call say,"Invented histories of packets in every order")
	@HISTORIES=$${HISTORIES-20000} $(BIN)/python -m pytest -q tests/domain/test_fables.py tests/domain/test_both_folds.py $(ARGS)

bench: .stamps/dev assets
	@bash tools/services.sh
	$(call say,"Benchmarks")
	@$(BIN)/python -m bench $(ARGS)

bench-long: .stamps/dev assets
	@bash tools/services.sh
	$(call say,"Benchmarks over ten million scans")
	@$(BIN)/python -m bench --long $(ARGS)

faults: .stamps/dev assets
	@bash tools/services.sh
	$(call say,"Faults over the long run")
	@FAULTS=long TAMPERS=$${TAMPERS:-1000} HISTORIES=$${HISTORIES:-20000} $(BIN)/python -m pytest tests/faults tests/e2e/test_kills.py tests/e2e/test_shift.py tests/e2e/test_poor_line.py tests/e2e/test_printing.py tests/test_tamper.py tests/domain/test_model.py tests/domain/test_fables.py --timeout 7200 $(ARGS)
	@$(BIN)/python -c "from tests import faults; print(faults.__doc__[faults.__doc__.index('Not shown'):])"

mutants: .stamps/dev assets
	$(call say,"A lie at a time in the core, and a test for each")
	@$(BIN)/python tools/mutants.py $(ARGS)

lint: .stamps/dev
	@$(BIN)/ruff check --output-format concise .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python tools/catalogue.py check

format: .stamps/dev
	@$(BIN)/ruff check --fix --quiet . && $(BIN)/ruff format .

assets: .stamps/assets .stamps/catalogue

lock: .stamps/python
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -c requirements.lock --extra test --extra lint -o requirements-dev.lock

clean:
	@rm -rf .venv .stamps node_modules app/static/dist .pytest_cache .mypy_cache .ruff_cache
	@find app -name '*.mo' -delete

.stamps/python: requirements.lock requirements-uv.lock tools/setup.sh
	$(call say,"Python environment and libraries")
	@PYTHON="$(PYTHON)" bash tools/setup.sh requirements.lock
	@mkdir -p .stamps && touch $@

.stamps/dev: .stamps/python requirements-dev.lock
	$(call say,"Libraries for tests and checks")
	@PYTHON="$(PYTHON)" bash tools/setup.sh requirements-dev.lock
	@touch $@

.stamps/assets: .stamps/python package.json package-lock.json .npmrc requirements-node.lock tools/assets.sh tools/assets.mjs $(shell find app/static/src -type f 2>/dev/null)
	$(call say,"Styles and scripts and fonts")
	@bash tools/assets.sh
	@touch $@

.stamps/catalogue: .stamps/python tools/catalogue.py $(wildcard app/translations/*/LC_MESSAGES/*.po)
	@$(BIN)/python tools/catalogue.py compile
	@touch $@
