# Every command a person needs. `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash -o pipefail
# Compiled modules are kept, whatever the environment says: the tests start hundreds of processes that import them.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.up-to-date
PEERS  := .venv-bench/.up-to-date
LOWEST := .venv-lowest/.up-to-date
ECOSYSTEM := .venv-ecosystem/.up-to-date
DOCS   := .venv-docs/.up-to-date
RELEASE := .venv-release/.up-to-date

LOWEST_PYTHON ?= python3.11

SPEC        ?= spec/iam_api.yaml
CORRECTIONS ?= spec/corrections.yaml
OUTPUT      ?= generated/gcore_iam_client

OLD         ?= $(SPEC)
FAKE_CONTRACT := tests/testing/test_schemathesis.py tests/testing/test_newer_spec.py
FORMAT      ?= text

.PHONY: help setup demo test test-all test-lowest test-ecosystem coverage mutants generate check sync lint imports types api inventory drift corrections update-spec contract bench docs build sbom lock clean

help: ## this list
	@awk -F ' *## ' '/^#: / {sub(/^#: /, "")} /^[a-z-]+(:| [a-z -]*##).*/ && NF == 2 \
		{sub(/:.*/, "", $$1); printf "  make %-12s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create .venv with the locked dependencies

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gcore-iam needs Python 3.11 or newer: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup generate ## show the library at work; no account needed (LIVE=1)
	@$(BIN)/python examples/demo.py $(if $(LIVE),--live)

test: setup ## run the tests in parallel (SLOW=1: all, ARGS=: some)
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m 'not serial$(if $(SLOW),, and not slow)')
	@$(if $(ARGS),,$(BIN)/python -m pytest -m 'serial$(if $(SLOW),, and not slow)')

test-all: setup # every test on each Python here, 3.11 to 3.14 (ARGS=: some)
	@$(BIN)/nox $(if $(ARGS),-- $(ARGS))

mutants: setup ## count the small defects that the tests notice (20 min)
	@$(BIN)/python -m tests.mutation $(ARGS)

coverage: setup $(ECOSYSTEM) ## run the tests, and check that they reach every branch
	@$(BIN)/coverage erase
	@MORE_EXAMPLES=1 $(BIN)/coverage run -m pytest --numprocesses auto --dist worksteal -m 'not serial'
	@$(BIN)/coverage run -m pytest -m serial
	@$(dir $(ECOSYSTEM))bin/coverage run -m pytest --numprocesses auto tests/ecosystem
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --include='*/gcore_iam/*,*/gcore_iam_client/*' --omit='*/testing/*,*/models/*' --fail-under=100
	@$(BIN)/coverage report --include='*/codegen/*,*/testing/*' --fail-under=97

test-lowest: $(LOWEST) # tests/overlay with the lowest versions that pyproject admits
	@$(dir $(LOWEST))bin/python -m pytest --numprocesses auto --dist loadfile -m 'not serial' tests/overlay $(ARGS)
	@$(dir $(LOWEST))bin/python -m pytest -m serial tests/overlay $(ARGS)

$(LOWEST): requirements-lowest.txt pyproject.toml
	@$(LOWEST_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "make test-lowest needs Python 3.11: make test-lowest LOWEST_PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(@D) ..."
	@$(LOWEST_PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r $<
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test-ecosystem: $(ECOSYSTEM) # beside pydantic, FastAPI, Sentry, respx ... (ARGS=: some)
	@$(dir $(ECOSYSTEM))bin/python -m pytest $(or $(ARGS),--numprocesses auto --dist worksteal -r fEs tests/ecosystem)

$(ECOSYSTEM): requirements-dev.txt requirements-ecosystem.txt pyproject.toml
	@echo "Setting up $(@D) ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes \
		-r requirements-dev.txt -r requirements-ecosystem.txt
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

generate: setup ## generate the client (SPEC= CORRECTIONS= OUTPUT= LENIENT=1)
	@$(BIN)/python -m codegen generate --spec '$(SPEC)' --corrections '$(CORRECTIONS)' --output '$(OUTPUT)' \
		$(if $(LENIENT),--lenient) $(if $(TOLERANT),--tolerant)
	@$(BIN)/python -m codegen unasync

check: sync lint imports types ## run all gates

#: sync lint imports types ## one gate each
#: test-all test-lowest test-ecosystem ## all Pythons, lowest versions, peers

sync: setup # generated code is what the spec gives, nothing is lost
	@$(BIN)/python -m codegen check

lint: setup # ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

imports: setup # who may import whom
	@$(BIN)/lint-imports --no-logo --no-cache

types: setup # mypy --strict and pyright over everything, verifytypes
	@$(BIN)/mypy --no-incremental # its cache does not notice a module that went and came back
	@$(BIN)/pyright
	@report=$$(PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright --verifytypes gcore_iam --ignoreexternal) \
		|| { echo "$$report"; exit 1; }

api: setup ## list public names removed since the commit OLD=
	@test -n '$(filter-out $(SPEC),$(OLD))' || { echo "make api needs OLD=, a commit, branch or tag, such as the last release"; exit 2; }
	@$(BIN)/python -m codegen api '$(OLD)'

inventory: setup ## list every operation with its type and its method
	@$(BIN)/python -m codegen inventory

drift: setup ## review a spec: NEW= (OLD= OBSERVED= FORMAT= REPORT= ...)
	@test -n '$(NEW)' || { echo "make drift needs NEW=, a path, a URL or git-ref:path"; exit 2; }
	@$(BIN)/python -m codegen drift '$(OLD)' '$(NEW)' --format '$(FORMAT)' \
		$(foreach file,$(OBSERVED),--observed '$(file)') \
		$(if $(REPORT),--output '$(REPORT)') $(if $(FAIL_ON),--fail-on '$(FAIL_ON)') $(ARGS)

corrections: setup ## propose corrections for what production showed: OBSERVED=
	@test -n '$(OBSERVED)' || { echo "make corrections needs OBSERVED=, files of observations"; exit 2; }
	@$(BIN)/python -m codegen corrections --spec '$(SPEC)' --corrections '$(CORRECTIONS)' \
		$(foreach file,$(OBSERVED),--observed '$(file)')

update-spec: setup ## review the spec NEW=, vendor it, regenerate (PROSE= DATE=)
	@test -n '$(NEW)' || { echo "make update-spec needs NEW=, a path, a URL or git-ref:path"; exit 2; }
	@steps=$$(mktemp) && log=$$(mktemp) && trap 'rm -f "$$steps" "$$log"' EXIT && \
	$(BIN)/python -m codegen update '$(NEW)' --spec '$(SPEC)' --corrections '$(CORRECTIONS)' --output '$(OUTPUT)' \
		--steps "$$steps" $(if $(PROSE),--prose '$(PROSE)') $(if $(DATE),--date '$(DATE)') $(ARGS) && \
	if test -s "$$steps"; then \
		status=0; \
		$(BIN)/python -m codegen unasync || status=$$?; \
		$(MAKE) --no-print-directory --keep-going check 2>&1 | tee "$$log" || status=$$?; \
		$(BIN)/python -m pytest --quiet --numprocesses auto -m 'not slow' $(FAKE_CONTRACT) | tee -a "$$log" || status=$$?; \
		$(BIN)/python -m codegen.next_steps "$$steps" < "$$log"; \
		exit $$status; \
	fi

contract: setup ## hold the API against the spec (GCORE_API_KEY, or FakeIAM)
	@$(BIN)/python -m gcore_iam.observe.contract $(ARGS)

bench: setup $(PEERS) ## measure beside other clients (QUICK=1: in 2 minutes)
	@$(BIN)/python -m compileall -q overlay generated # as pip does for the others
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

$(PEERS): benchmarks/requirements.txt
	@echo "Setting up $(@D) ..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

docs: $(DOCS) ## build the documentation into build/site, and check it
	@mkdir -p build
	@PATH="$(CURDIR)/$(dir $(DOCS))bin:$$PATH" zensical build --clean --strict 2>&1 | tee build/docs.log
	@! grep 'griffe:' build/docs.log # zensical goes on after warnings about docstrings
	@$(dir $(DOCS))bin/codespell --builtin=clear,rare,usage --skip='*.svg,*.png' *.md docs examples
	@$(dir $(DOCS))bin/python tests/docs/proofread.py

$(DOCS): requirements-docs.txt
	@echo "Setting up $(@D) ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

build: $(RELEASE) ## build the wheel and the source archive, and check them
	@rm -rf dist
	@$(dir $(RELEASE))bin/python -m build --no-isolation --outdir dist .
	@$(dir $(RELEASE))bin/twine check --strict dist/*
	@$(dir $(RELEASE))bin/check-wheel-contents dist/*.whl
	@$(dir $(RELEASE))bin/pyroma --min 10 dist/*.tar.gz

sbom: build ## write a bill of materials (CycloneDX)
	@rm -rf build/sbom && $(PYTHON) -m venv --without-pip build/sbom
	@sed '/--hash=/d; s/ \\$$//' requirements-dev.txt > build/sbom/constraints.txt
	@$(dir $(RELEASE))bin/python -m pip --python build/sbom/bin/python install --quiet --disable-pip-version-check \
		--constraint build/sbom/constraints.txt dist/*.whl
	@$(dir $(RELEASE))bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible \
		--validate --output-file dist/gcore-iam.cdx.json build/sbom/bin/python

$(RELEASE): requirements-release.txt
	@echo "Setting up $(@D) ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

lock: setup ## lock the newest and the lowest dependencies
	@$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv
	@.venv-lock/bin/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements-dev.txt
	@.venv-lock/bin/uv pip compile pyproject.toml --extra fast --group peers --universal \
		--python-version 3.11 --constraint requirements-dev.txt --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --quiet -o benchmarks/requirements.txt
	@.venv-lock/bin/uv pip compile pyproject.toml --extra fast --group ecosystem --universal \
		--python-version 3.11 --constraint requirements-dev.txt --upgrade --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet -o requirements-ecosystem.txt
	@.venv-lock/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--resolution lowest-direct --no-emit-index-url --no-annotate --no-header --quiet -o .venv-lock/lowest.txt
	@.venv-lock/bin/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
		--constraint .venv-lock/lowest.txt --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--quiet -o requirements-lowest.txt
	@for group in docs release; do .venv-lock/bin/uv pip compile --group $$group --universal --python-version 3.11 \
		--upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements-$$group.txt; done
	@rm -r .venv-lock

clean: ## remove environments, caches and builds
	@rm -rf $(VENV) $(dir $(PEERS)) $(dir $(LOWEST)) $(dir $(ECOSYSTEM)) $(dir $(DOCS)) $(dir $(RELEASE)) build dist .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -r {} +
