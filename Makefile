PYTHON ?= python3
MOST ?= 300

.DEFAULT_GOAL := help
.PHONY: help up down test unit lint format docs access edits state rights faults kills aws-check benchmark packages setup

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s  %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: .venv/sandbox ## both accounts on this machine: deployed and proved
	@.venv/bin/python -m sandbox up

down: ## stop the sandbox; what was deployed stays
	@.venv/bin/python -m sandbox down

test: lint ## lint, and all tests that CI runs
	@.venv/bin/python -m pytest

unit: .venv/installed ## the unit tests alone
	@.venv/bin/python -m pytest tests/unit

lint: setup ## style, types, workflows
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy .
	@.venv/bin/lint-imports --no-logo --no-cache > .venv/imports.log || { cat .venv/imports.log; exit 1; }
	@.venv/bin/typos
	@.venv/bin/zizmor --quiet --offline --persona pedantic .github
	@if test -x .tools/actionlint; then .tools/actionlint; else echo "actionlint: skipped, because Go is not installed"; fi

format: .venv/installed ## format the code
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

# docs/proof.png is a picture of a real proof, made by hand: CONTRIBUTING.md says how.
docs: .venv/sandbox ## write the generated pages and tables in docs/
	@.venv/bin/python -m docs.generate

access: .venv/packages ## write ACCESS.md: who may do what; commit it with the stack files
	@.venv/bin/python -m access render --markdown ACCESS.md

edits: setup ## try every edit of the stack files and its way back: minutes
	@.venv/bin/python -m pytest -m "" --dist load tests/sandbox/test_edits.py tests/sandbox/test_stacks.py

state: setup ## try every right of a state bucket and of the steps in docs/state.md: minutes
	@.venv/bin/python -m pytest -m "" --dist load tests/sandbox/test_state.py tests/sandbox/test_real_accounts.py

rights: setup ## try a proof without each right that it needs: minutes
	@.venv/bin/python -m pytest -m "" tests/sandbox/test_removal.py

faults: setup ## try a fault at every call, and write docs/faults.md: hours; continues if interrupted
	@.venv/bin/python -m tests.sandbox.all_faults

kills: setup ## kill the engine, the program or the emulator at 50 random moments: minutes
	@.venv/bin/python -m tests.sandbox.random_kills

aws-check: setup ## try on two accounts what docs/limits.md lists: PRODUCTION=profile DEVELOPMENT=profile
	@AWS_CHECK_REPORT=1 AWS_CHECK_PRODUCTION='$(PRODUCTION)' AWS_CHECK_DEVELOPMENT='$(DEVELOPMENT)' \
		.venv/bin/python -m pytest -n 0 -q -s --tb=no tests/aws

benchmark: setup ## measure, and write benchmark.json; wipes the sandbox (MOST=1000: up to 1,000 roles)
	@.venv/bin/python -m benchmarks --most $(MOST) --json benchmark.json
	@.venv/bin/python -m benchmarks.bypass

setup: .venv/installed ## install everything that the tests need
	@.venv/bin/python -m sandbox.toolchain

# Each of these includes the ones before it.
.venv/packages: REQUIREMENTS = requirements.txt
.venv/sandbox: REQUIREMENTS = requirements-sandbox.txt
.venv/installed: REQUIREMENTS = requirements-dev.txt
packages: .venv/packages ## install only what the program and `access` need

.venv/packages: requirements.txt
.venv/sandbox: requirements-sandbox.txt
.venv/installed: requirements-dev.txt
.venv/packages .venv/sandbox .venv/installed: requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is required, for example: make PYTHON=python3.12")'
	@echo "Python packages: creating a virtual environment in .venv"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m sandbox.packages $(REQUIREMENTS)
	@touch .venv/packages
	@case $@ in *packages) ;; *) touch .venv/sandbox ;; esac
	@touch $@
