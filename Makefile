# Every target sets up .venv by itself, from a Python >= 3.10 and a package index.
# Another Python: make test PYTHON=python3.13 (when .venv is not there yet).

VENV = .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
WORKERS = auto
ARGS =

# The first Python that is new enough and can make virtual environments.
CANDIDATES = python3 python3.14 python3.13 python3.12 python3.11 python3.10 python
FITS = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))
PYTHON ?= $(shell for candidate in $(CANDIDATES); do \
	$$candidate -c '$(FITS)' >/dev/null 2>&1 && { echo $$candidate; break; }; done)

export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1

.PHONY: help demo test bench lint format types twins docs nox clean

help:
	@echo "make demo    show what the library does, on the in-memory store or on REDIS_URL"
	@echo "make test    run all tests; ARGS='-k keys -x' goes to pytest, WORKERS=0 runs in one process"
	@echo "make bench   compare with other caching libraries"
	@echo "make lint    check style; make format repairs what it can"
	@echo "make types   check types with mypy and pyright"
	@echo "make twins   check that the sync twins are up to date"
	@echo "make docs    build the documentation"
	@echo "make nox     run the tests on every Python and redis-py at hand"

demo: $(READY)
	@$(BIN)/python examples/demo.py

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist=worksteal $(ARGS)

bench: $(READY)
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(READY)
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pyright --verifytypes cachetory --ignoreexternal

twins: $(READY)
	$(BIN)/python tools/unasync.py --check

docs: $(READY)
	$(BIN)/zensical build --strict

nox: $(READY)
	$(BIN)/nox $(ARGS)

clean:
	rm -rf $(VENV) .nox .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache site

# uv is quick; plain pip does as well.
$(READY): requirements/dev.txt pyproject.toml
	@$(BIN)/python -c '$(FITS)' 2>/dev/null || { \
		test -n "$(PYTHON)" || { echo "No Python >= 3.10 that can make virtual environments:" \
			"install one (on Debian with python3-venv), or name one by PYTHON=..." >&2; exit 1; }; \
		"$(PYTHON)" -m venv --clear $(VENV); }
	@echo "Installing what development needs into $(VENV) ..."
	@$(call install,-r requirements/dev.txt -e ".[all]")
	@touch $@

define install
{ test -x $(BIN)/uv || \
	$(BIN)/python -m pip install -q --disable-pip-version-check "$$(grep '^uv==' requirements/dev.txt)"; } \
&& $(BIN)/uv pip install -q --python $(BIN)/python $(1) \
|| $(BIN)/python -m pip install -q --disable-pip-version-check $(1)
endef
