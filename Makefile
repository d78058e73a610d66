# The words of the project. The first `make demo` or `make test` does all set-up by itself.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/.installed
STATION ?= streaming
BASE ?= python:3.11-slim-bookworm
PACKAGES := contracts eventsim streaming musicflow_dagster dashboard local benchmarks
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo demo-cloud dev dashboard export screenshots test setup contracts format lint types \
  security audit images image infra docs tools changelog bench lock clean

help:  ## what each word does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(INSTALLED)  ## the main job end to end [SONGS=songs.csv | EVENTS=folder of NDJSON]
	@python -m local demo $(if $(SONGS),--songs "$(SONGS)") $(if $(EVENTS),--events "$(EVENTS)")

demo-cloud: $(INSTALLED)  ## the same on emulators of GCS and BigQuery [LAKE=s3: on MinIO]
	@python -m local demo --cloud $(or $(LAKE),gs) $(if $(SONGS),--songs "$(SONGS)") $(if $(EVENTS),--events "$(EVENTS)")

dev: $(INSTALLED)  ## the live platform, until Ctrl-C
	@python -m local dev

dashboard: $(INSTALLED)  ## the pages on what was published last, until Ctrl-C [RUN=demo | RUN=dev]
	@python -m local dashboard $(if $(RUN),--run "$(RUN)")

export: $(INSTALLED)  ## published tables as files [TO=folder] [FORM=parquet | csv | duckdb] [RUN=demo | dev]
	@python -m local export $(or $(TO),.musicflow/exported) $(if $(FORM),--form "$(FORM)") $(if $(RUN),--run "$(RUN)")

screenshots: $(INSTALLED)  ## the docs' pictures of the dashboard [RUN=demo | RUN=dev]
	@python -m local screenshots $(if $(RUN),--run "$(RUN)")

test: $(INSTALLED)  ## all tests [ARGS="-m 'not integration'": the fast ones]
	pytest $(ARGS)

setup: $(INSTALLED)  ## only install, into .venv

contracts: $(INSTALLED)  ## write what derives from contracts/events.py, and the data dictionary
	python -m contracts.to_dbt
	python -m contracts.to_dictionary

format: $(INSTALLED)  ## put the code in its form
	ruff format .
	ruff check --fix .

lint: $(INSTALLED)  ## ruff, sqlfluff, stale files, contract changes
	ruff format --check .
	ruff check .
	python -m contracts.to_dbt --check
	python -m contracts.to_dictionary --check
	python -m contracts.compatibility --check
	cd dbt_project && sqlfluff lint --disable-progress-bar models

types: $(INSTALLED)  ## mypy, strict
	mypy

security: $(INSTALLED)  ## bandit, secrets, workflows
	bandit --quiet --recursive --configfile bandit.yaml $(PACKAGES)
	git ls-files -z | xargs -0 detect-secrets-hook --baseline .secrets.baseline
	zizmor --offline --quiet --pedantic --strict-collection --no-progress .github
	check-jsonschema --builtin-schema vendor.github-workflows $(wildcard .github/workflows/*.yml)
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

audit: $(INSTALLED)  ## known holes in what requirements.lock pins; asks PyPI
	pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

images: $(INSTALLED)  ## Dockerfiles and the compose file, looked at without Docker
	hadolint --config deploy/docker/hadolint.yaml $(wildcard deploy/docker/*.Dockerfile)
	check-jsonschema --builtin-schema vendor.compose-spec $(wildcard deploy/compose*.yaml)

image:  ## one image, built by Docker [STATION=streaming] [TAG=name] [BASE=python:…] [FLAGS="--push"]
	docker buildx build --file deploy/docker/$(STATION).Dockerfile --tag $(or $(TAG),musicflow-$(STATION)) \
	  --build-arg PYTHON_IMAGE="$$(docker buildx imagetools inspect $(BASE) \
	    --format '{{.Name}}@{{.Manifest.Digest}}')" \
	  --build-arg VERSION="$(or $(VERSION),$$(git describe --always --dirty))" --build-arg REVISION="$$(git rev-parse HEAD)" \
	  $(FLAGS) .

infra: $(INSTALLED)  ## Terraform: form, tflint, checkov; installs the last two at first use
	@python -m local infra

docs: $(INSTALLED)  ## the site, into .musicflow/site; needs no network
	NO_MKDOCS_2_WARNING=true mkdocs build --strict --quiet --site-dir .musicflow/site

tools: $(INSTALLED)  ## build what tests of clouds and checks run: minutes at first, then cached
	python -m local tools

changelog: $(INSTALLED)  ## what CHANGELOG.md says of this version [VERSION=0.1.0]
	@python -m local.changelog $(VERSION)

bench: $(INSTALLED)  ## the main job's figures, one JSON object a line
	python -m benchmarks.main_job

lock: $(INSTALLED)  ## pin the whole set again after a change in pyproject.toml
	uv pip compile pyproject.toml --all-extras --python-version 3.11 --generate-hashes \
	  --no-strip-extras --no-emit-index-url --no-header --quiet --output-file requirements.lock
	sh deploy/docker/lock.sh

clean:  ## remove what was installed, cached and made
	rm -rf .venv .musicflow .mypy_cache .pytest_cache .ruff_cache dbt_project/target *.egg-info

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "MusicFlow needs Python 3.11: install it, or say PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
