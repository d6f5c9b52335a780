# The commands of the README. `make help` lists all.
SHELL := /bin/bash
LAB := tools/run python -m lab

.PHONY: help setup demo test lint sanity galaxy docs format unit next molecule soak bench clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

setup: ## install what is missing on this computer
	tools/setup.sh

demo: setup ## three bare machines become a running swarm
	$(LAB) up
	tools/run ansible-playbook -i inventories/lab playbooks/site.yml
	tools/run ansible-playbook -i inventories/lab playbooks/status.yml

test: setup ## linters, unit tests and the scenarios on real machines
	tools/run python tools/check.py

lint: ## linters and documentation only
	tools/run python tools/check.py lint

sanity: ## ansible-test sanity
	tools/run tools/sanity.sh

galaxy: ## build the collection, and let Galaxy's importer read it
	tools/run tools/galaxy.sh

docs: ## the documentation as HTML, in .cache/docs
	tools/run tools/docs.sh

format: ## let ruff write Python the way lint wants it
	tools/run ruff check --fix --quiet --exit-zero
	tools/run ruff format --quiet

unit: ## unit tests
	tools/run python -m pytest tests/unit

next: ## unit tests and syntax with the newest ansible-core, where a Python for it is found
	tools/run python tools/check.py next

molecule: setup ## the whole job on three real machines
	tools/run molecule test -s default

soak: setup ## what takes longer than make test has time for
	DOCKYARD_SOAK=1 tools/run python -m pytest tests/unit
	DOCKYARD_SOAK=1 tools/run molecule test -s default
	DOCKYARD_SOAK=1 tools/run molecule test -s drift
	DOCKYARD_SOAK=1 tools/run molecule test -s engine
	DOCKYARD_SOAK=1 tools/run molecule test -s upgrade
	DOCKYARD_SOAK=1 tools/run molecule test -s centos
	DOCKYARD_SOAK=1 tools/run molecule test -s lifecycle
	DOCKYARD_SOAK=1 tools/run molecule test -s network
	DOCKYARD_SOAK=1 tools/run molecule test -s inputs

bench: setup ## measure; the last results are in benchmarks/README.md
	tools/run python benchmarks/run.py
	tools/run --use benchmarks/requirements.txt python benchmarks/plot.py

clean: ## put all labs away
	$(LAB) down --all
