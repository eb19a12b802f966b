# Every target does its own set-up. Needs Python 3.11 or newer, make and git; nothing else.
#   make demo   load the bundled archive and print what is in the tables
#   make dev    open the Dagster page on the same project, or on the one that LOADER_CONFIG names
#   make test   everything: lint, types, layers, coverage, docs, and all tests, on the built wheel where it can run them
#   make test-dbt  the exported dbt project under dbt itself, in an environment of its own
#   make check  the quick gates only: lint, types, import layers
#   make coverage  every branch of loader/core is passed by its unit tests
#   make bench  speed and memory against the yardstick; make bench-peers: against other programs; make bench-models: of models
#   make docs   write the generated pages of docs/ again

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEEL_VENV := .venv-wheel
WHEEL_RUN := .make/wheel
STAMP := $(VENV)/.installed
PIP := -m pip install --quiet --disable-pip-version-check --no-deps
# One for each of two cores: a third is no faster there, because few tests wait.
PYTEST_WORKERS ?= 2

export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := yes
export PYTHONDONTWRITEBYTECODE :=
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

.PHONY: demo dev test test-dbt check bench bench-peers bench-models peers docs lock clean coverage checkout-tests wheel-tests chromium

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages into $(VENV)"
	@$(BIN)/python $(PIP) -r requirements.lock
	@$(BIN)/python $(PIP) --no-build-isolation -e .
	@mkdir -p .make
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

dev: $(STAMP)
	@mkdir -p .dagster_home
	@cp -n dagster.yaml .dagster_home/dagster.yaml 2>/dev/null || true
	@test -n "$${LOADER_CONFIG:-}" || $(BIN)/python examples/demo.py --project-only
	@DAGSTER_HOME="$(CURDIR)/.dagster_home" $(BIN)/dagster instance concurrency set duckdb_writer 1 > /dev/null
	@LOADER_CONFIG="$$(realpath "$${LOADER_CONFIG:-demo/loader.yaml}")" && export LOADER_CONFIG && cd .dagster_home && DAGSTER_HOME="$$PWD" PYTHONWARNINGS=ignore ../$(BIN)/dagster dev -w ../workspace.yaml -h 127.0.0.1 -p $${PORT:-3000}

check: $(STAMP)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# loader/core is pure, so its unit tests alone have to pass every branch.
coverage: $(STAMP)
	@mkdir -p .make
	@$(BIN)/python -m coverage run -m pytest -q tests/unit
	@$(BIN)/python -m coverage report

# Tests of what only the checkout holds: docs, Makefile, benchmarks.
checkout-tests: $(STAMP) chromium
	@$(BIN)/python -m pytest -q -n $(PYTEST_WORKERS) --dist worksteal -m checkout --ignore tests/unit

# All other tests run against what a user installs: the built wheel. Tests and examples are copied beside it, loader/
# and sql/ are not. The pinned packages are shared with the first environment by a path file; its own loader stays out,
# because an editable install is itself a path file, and those are read in the environment's own folder alone.
wheel-tests: $(STAMP) chromium
	@rm -rf dist $(WHEEL_RUN) $(WHEEL_VENV) && mkdir -p $(WHEEL_RUN)
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist . > .make/build.log
	@$(BIN)/python -m venv $(WHEEL_VENV)
	@$(BIN)/python -m pip --python $(WHEEL_VENV)/bin/python install --quiet --disable-pip-version-check --no-deps dist/*.whl
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$($(WHEEL_VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dependencies.pth
	@cp -r tests pyproject.toml $(WHEEL_RUN)/
	@for name in examples workspace.yaml dagster.yaml; do test ! -e $$name || cp -r $$name $(WHEEL_RUN)/; done
	@cd $(WHEEL_RUN) && ../../$(WHEEL_VENV)/bin/python -c 'import loader, sys; sys.exit(0 if loader.__file__.startswith(sys.prefix) else "not the wheel: " + loader.__file__)'
	@echo "testing $$(ls dist)"
	@cd $(WHEEL_RUN) && PATH="$(CURDIR)/$(WHEEL_VENV)/bin:$(CURDIR)/$(BIN):$$PATH" ../../$(WHEEL_VENV)/bin/python -m pytest -q -n $(PYTEST_WORKERS) --dist worksteal -m "not checkout" --ignore tests/unit tests

test: check coverage checkout-tests wheel-tests
	@command -v chromium chromium-browser google-chrome > /dev/null || echo "Browser tests were skipped: no Chromium was found. Install one (Debian: apt-get install chromium) and run make test again."

# dbt has an environment of its own: its requirements must not decide the versions of ours. 1.12 cannot be installed
# from a package index alone.
test-dbt: $(STAMP)
	@test -x .make/dbt/bin/dbt || $(PYTHON) -m venv .make/dbt
	@.make/dbt/bin/python -m pip install --quiet --disable-pip-version-check 'dbt-core>=1.11,<1.12' 'dbt-duckdb>=1.11,<1.12' 'dbt-postgres>=1.11,<1.12' "duckdb==$$($(BIN)/python -c 'import duckdb; print(duckdb.__version__)')"
	@DBT_EXECUTABLE="$(CURDIR)/.make/dbt/bin/dbt" $(BIN)/python -m pytest -q -m dbt tests/models

chromium:
	@mkdir -p .make
	@command -v chromium chromium-browser google-chrome > /dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    echo "installing Chromium for the browser tests"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } > .make/chromium.log 2>&1 || true; \
	  fi; }

bench: $(STAMP)
	@$(BIN)/python -m bench.load size

# The peers have an environment of their own, so that their requirements do not decide the versions of ours.
peers:
	@test -x .make/peers/bin/python || $(PYTHON) -m venv .make/peers
	@.make/peers/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements-peers.txt

bench-peers: $(STAMP) peers
	@$(BIN)/python -m bench.load.run peers --events 100000

bench-models: $(STAMP) peers
	@for name in identity sessions attribution ltv; do $(BIN)/python -m bench.models.run $$name --runs 1; done

docs: $(STAMP)
	@$(BIN)/python docs/generate.py

lock: $(STAMP)
	@$(BIN)/python -m pip install --quiet uv && $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra dev --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.lock

clean:
	@rm -rf .make dist build demo .venv-wheel .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
