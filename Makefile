# Everything a newcomer types. Each target brings its own environment: see ./bulkhead.

.DEFAULT_GOAL := help
DEV := ./bulkhead --yes --dev --

# What the acceptance tests need from Debian.
DEBIAN_PACKAGES := debootstrap chromium chromium-driver fonts-dejavu-core
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

COMPILE := $(DEV) uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-header $(if $(UPGRADE),--upgrade)
PEERS := $(wildcard benchmarks/peers/requirements-*.in)

# How many kills, and of which plan.
N ?= 50
SEED ?= 1

.PHONY: help run test check format acceptance mutants torture debian-packages bench bench-peers lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

run: ## trade on paper with config.yaml
	@./bulkhead --yes run

test: ## all tests but the acceptance tests, on every core, in a random order; names what it skipped
	@$(DEV) pytest -m "not acceptance" --numprocesses auto --dist worksteal

check: ## format, lint, types, import contracts, shell scripts, requirements' tests
	@$(DEV) ruff format --check .
	@$(DEV) ruff check .
	@$(DEV) mypy
	@$(DEV) lint-imports
	@$(DEV) shellcheck bulkhead .ci/run tests/acceptance/*.sh
	@$(DEV) python scripts/check_requirements.py

format: ## rewrite the code as `check` wants it
	@$(DEV) ruff check --fix .
	@$(DEV) ruff format .

acceptance: debian-packages ## real processes, sockets, a browser and a clean Debian; needs root
	@$(DEV) pytest -m acceptance tests/acceptance

mutants: ## put each fault's bug back, and hold that its test fails; ONLY=F62 for those of one
	@$(DEV) python -m scripts.mutants $(if $(ONLY),--only $(ONLY))

torture: ## kill daemon, children and venue N=50 times under load, and hold all books against the venue's
	@$(DEV) python -m tests.torture --cycles $(N) --seed $(SEED)

debian-packages:
	@dpkg --status $(DEBIAN_PACKAGES) >/dev/null 2>&1 || { $(SUDO) apt-get update -qq && \
	    $(SUDO) apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends $(DEBIAN_PACKAGES) >/dev/null; }

bench: ## every figure with its target and a verdict; writes benchmarks/results.json
	@$(DEV) python -m benchmarks.run

bench-peers: ## the same backtests in other engines, each in an environment of its own; ONLY=vectorbt for one
	@$(DEV) python -m benchmarks.peers.run $(ONLY)

lock: ## write requirements/ from pyproject.toml, and those of peers; UPGRADE=1 takes the newest versions
	@$(COMPILE) pyproject.toml --output-file requirements/core.txt
	@$(COMPILE) pyproject.toml --group dev --constraints requirements/core.txt --output-file requirements/dev.txt
	@set -e; for peer in $(PEERS:.in=); do $(COMPILE) $$peer.in --output-file $$peer.txt; done

clean: ## remove environments and caches, never the state
	rm -rf .environment .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
