# make up         both accounts on this machine, deployed and proved
# make test       style, types, unit tests, sandbox tests, browser tests
# make edits      every edit of the files that the README tells of, and its way back: minutes
# make state      state in a bucket of S3: each right of its policy, and of README.md's steps, left out in turn: minutes
# make faults     a fault at each call of an up, an update and a destroy, and what the next run makes of it: hours; writes
#                 docs/faults.md; goes on where it was if it was interrupted
# make docs       write docs/strictness.md anew
# make aws-check  try on two accounts of yours what is untried: PRODUCTION=profile DEVELOPMENT=profile; else in the sandbox
# make access     ACCESS.md: who may do what, made of the stack files; commit it with them
# make packages   only what the program and `access` need; for a check that runs neither tests nor sandbox
# make down       stop the sandbox; what was deployed stays
# make benchmark  how long `up`, many roles (MOST=1000), the proof and a switch take, in benchmark.json too; wipes the sandbox

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
	@if test -x .tools/actionlint; then .tools/actionlint; else echo "actionlint: left out, as Go is not here"; fi
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

# Each of these has all that the ones before it have.
.venv/packages: REQUIREMENTS = requirements.txt
.venv/sandbox: REQUIREMENTS = requirements-sandbox.txt
.venv/installed: REQUIREMENTS = requirements-dev.txt
packages: .venv/packages

.venv/packages: requirements.txt
.venv/sandbox: requirements-sandbox.txt
.venv/installed: requirements-dev.txt
.venv/packages .venv/sandbox .venv/installed: requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which: make PYTHON=python3.12")'
	@echo "Python packages: making a virtual environment in .venv"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m sandbox.packages $(REQUIREMENTS)
	@touch .venv/packages
	@case $@ in *packages) ;; *) touch .venv/sandbox ;; esac
	@touch $@
