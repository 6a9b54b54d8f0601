# make up         deploy both accounts on this machine and prove their access
# make test       check style and types, run the unit tests, sandbox tests and browser tests
# make edits      test every edit of the stack files that README.md describes, and its reversal: minutes
# make state      test state in an S3 bucket, with each right of its policy and of README.md's steps left out: minutes
# make faults     test a fault at each call of an up, an update and a destroy, and the next run: hours; writes
#                 docs/faults.md; continues if it was interrupted
# make docs       regenerate docs/strictness.md
# make aws-check  test in your two accounts what is untested, PRODUCTION=profile DEVELOPMENT=profile; else in the sandbox
# make access     write ACCESS.md from the stack files: who may do what; commit it with them
# make packages   install only what the program and `access` need, for a check without tests or sandbox
# make down       stop the sandbox and keep what is deployed
# make benchmark  time `up`, many roles (MOST=1000), the proof and a switch, into benchmark.json too; wipes the sandbox

PYTHON ?= python3
MOST ?= 300

.PHONY: up test edits state faults access docs aws-check packages down benchmark setup
up: .venv/sandbox
	@.venv/bin/python -m sandbox up

test: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy .
	@.venv/bin/lint-imports --no-logo --no-cache > .venv/imports.log || { cat .venv/imports.log; exit 1; }
	@.venv/bin/typos
	@.venv/bin/zizmor --quiet --offline --persona pedantic .github
	@if test -x .tools/actionlint; then .tools/actionlint; else echo "actionlint: skipped, because Go is not installed"; fi
	@.venv/bin/python -m pytest

edits: setup
	@.venv/bin/python -m pytest -m "" --dist load tests/sandbox/test_edits.py

state: setup
	@.venv/bin/python -m pytest -m "" --dist load tests/sandbox/test_state.py tests/sandbox/test_real_accounts.py

faults: setup
	@.venv/bin/python -m tests.sandbox.all_faults

docs: .venv/sandbox
	@.venv/bin/python -m sandbox.strict.table

aws-check: setup
	@AWS_CHECK_REPORT=1 AWS_CHECK_PRODUCTION='$(PRODUCTION)' AWS_CHECK_DEVELOPMENT='$(DEVELOPMENT)' \
		.venv/bin/python -m pytest -n 0 -q -s --tb=no tests/aws

access: .venv/packages
	@.venv/bin/python -m access render --markdown ACCESS.md

down:
	@.venv/bin/python -m sandbox down

benchmark: setup
	@.venv/bin/python -m benchmarks --most $(MOST) --json benchmark.json
	@.venv/bin/python -m benchmarks.bypass

setup: .venv/installed
	@.venv/bin/python -m sandbox.toolchain

# Each of these includes the ones before it.
.venv/packages: REQUIREMENTS = requirements.txt
.venv/sandbox: REQUIREMENTS = requirements-sandbox.txt
.venv/installed: REQUIREMENTS = requirements-dev.txt
packages: .venv/packages

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
