# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Each command works alone, says what it installs before it does, and may be run again.
LAB ?= two-offices
EXAMPLE ?= two-offices

.DEFAULT_GOAL := help
.PHONY: help setup lab demo test test-unit test-faults test-roles test-matrix lint bench docs metrics generate clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-12s %s\n", $$1, $$2 }'

setup: ## install what is missing on this machine, start the container engine
	@tools/setup demo

lab: ## start blank hosts: LAB=two-offices, one-office or test
	@tools/setup demo
	@tools/lab up $(LAB)

demo: ## deploy EXAMPLE=two-offices (or one-office) on blank hosts in containers, and prove it
	@tools/demo $(EXAMPLE)

test: ## everything that CI checks
	@tools/test

test-unit: ## the unit tests alone
	@tools/test unit

test-faults: ## bad times: power cuts, killed runs, full disks, controllers that go; too long for CI
	@tools/test faults

test-roles: ## each role alone, with alternative variables and with its own; too long for CI
	@tools/test roles

test-matrix: ## the unit tests by ansible-test; the oldest and the newest ansible-core, the newest on Debian 13
	@tools/test unit units matrix

lint: ## linters and type checks alone
	@tools/lint

bench: ## every benchmark; each ends with one line of figures
	@tools/bench

docs: ## build the documentation as a web site, in .build/docs/html
	@tools/docs

metrics: ## the code's figures beside those of the field
	@PATH="$(CURDIR)/.build/venv/bin:$$PATH" tools/metrics

generate: ## make the documents and pictures anew that come from the code
	@tools/generate

clean: ## remove every container, network, volume, image and rule that these commands made
	@tools/teardown
