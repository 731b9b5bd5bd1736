# clinicdesk: two commands, `make run` and `make test`. Needs Python >= 3.11 and make; nothing else.
# PYTHON=... picks an interpreter, ARGS=... goes to the program, to pytest, or to a benchmark.
.POSIX:
.PHONY: help run test lint bench schema lock clean install install-dev security-mutants golden audit-packages

BIN = .venv/bin
ARGS =
WORKERS = 3
UPGRADE =
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(UPGRADE)

FIND_PYTHON = \
	if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; \
	else set -- python3 python3.14 python3.13 python3.12 python3.11 python; fi; \
	for name; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "clinicdesk needs Python 3.11 or newer; tried: $$*. Name one: make run PYTHON=/path/to/python3" >&2; exit 1; \
	fi

help:
	@echo 'make run    install into .venv, start PostgreSQL and a demo network, open the desk'
	@echo 'make test   install with the test tools and run every test   (ARGS="-k turns", WORKERS=3)'
	@echo 'make lint   ruff, mypy, import contracts'
	@echo 'make bench  each benchmark beside its floor                  (ARGS=name runs one)'
	@echo 'make security-mutants  each security test fails without what it tests (ARGS=name runs one)'
	@echo 'make audit-packages  known faults of locked packages; exit 3 where the data cannot be had'
	@echo 'make golden write who may do what again (tests/golden)'
	@echo 'make schema write tables.sql again from the declared tables'
	@echo 'make lock   pin the dependencies again, needs uv             (UPGRADE=--upgrade)'
	@echo 'make clean  remove .venv and caches; the data of the demo stay'

run: install
	@$(BIN)/clinicdesk demo $(ARGS)

test: install-dev
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: install-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: install-dev
	@for file in benchmarks/[a-z]*.py; do \
		name=$${file##*/}; name=$${name%.py}; \
		if [ -n "$(ARGS)" ] && [ "$$name" != "$(ARGS)" ]; then continue; fi; \
		$(BIN)/python -m "benchmarks.$$name" || exit; \
	done

security-mutants: install-dev
	@$(BIN)/python tools/security_mutants.py $(ARGS)

audit-packages: install-dev
	@$(BIN)/python tools/audit_packages.py

golden: install-dev
	@GOLDEN=write $(BIN)/python -m pytest -q tests/clinic/test_golden.py

schema: install-dev
	@$(BIN)/python tools/tables.py

lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv' >&2; exit 1; }
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) --constraint requirements.lock --group build -o requirements-build.lock
	@$(COMPILE) --constraint requirements.lock --constraint requirements-build.lock --group dev -o requirements-dev.lock

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	@find src tests benchmarks migrations tools -name __pycache__ -type d -prune -exec rm -rf {} +

install:
	@$(FIND_PYTHON); "$$found" tools/install.py run

install-dev:
	@$(FIND_PYTHON); "$$found" tools/install.py dev
