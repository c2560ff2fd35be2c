# Set-up happens by itself: every target makes the environment in .venv first. uv is used where it is found.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BROWSER_INSTALLED := $(VENV)/.browser-installed
FUZZ_INSTALLED := $(VENV)/.fuzz-installed
PEERS := .peers
PEERS_INSTALLED := $(PEERS)/.installed
UV := $(shell command -v uv 2>/dev/null)
LINKED_WORLD := .linked-world
LINKED_STORE := PERINATAL_SYNTHETIC=1 PERINATAL_KEY_FILE=$(LINKED_WORLD)/perinatal.key \
	PERINATAL_DATABASE_URL=sqlite:///$(LINKED_WORLD)/store.db
ARGS ?=

.PHONY: help setup demo test test-all check format bench interop linkage nightly docs clean fuzz

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(INSTALLED)  ## make the environment

$(INSTALLED): pyproject.toml constraints.txt
ifdef UV
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt -b constraints.txt -e '.[postgres]' --group dev
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt pip
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet -e '.[postgres]' --group dev
endif
	@touch $(INSTALLED)

demo: $(INSTALLED)  ## a whole synthetic system, ingested, evaluated, published and served (ARGS="--no-serve")
	$(BIN)/perinatal demo $(ARGS)

test: $(INSTALLED)  ## every test that needs pip packages alone
	$(BIN)/pytest -n 2 -m "not browser and not peers and not spark" $(ARGS)

test-all: $(INSTALLED) $(BROWSER_INSTALLED) $(PEERS_INSTALLED)  ## tests that need a browser or third-party FHIR software
	$(BIN)/pytest -m "browser or peers or spark" $(ARGS)

$(BROWSER_INSTALLED): $(INSTALLED)
ifdef UV
	$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt --group browser
else
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --group browser
endif
	@touch $(BROWSER_INSTALLED)

$(PEERS_INSTALLED): tests/interop/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet -r tests/interop/peers.txt
	@touch $(PEERS_INSTALLED)

check: $(INSTALLED)  ## style, types and architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(INSTALLED)  ## lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED)  ## write the generated reference pages anew
	$(BIN)/python -m tests.docs.generate
	$(BIN)/python -m synthetic_bundles.plot_marginals

bench: $(INSTALLED)  ## speed as ratios against floors measured in the same run
	$(BIN)/perinatal bench all $(ARGS)

interop: $(INSTALLED) $(PEERS_INSTALLED)  ## third-party FHIR software alone
	$(BIN)/pytest -m peers $(ARGS)

fuzz: $(INSTALLED) $(FUZZ_INSTALLED)  ## a hundred thousand broken inputs, and as many guided ones to the mapping loader
	PERINATAL_FUZZ_INPUTS=100000 $(BIN)/pytest tests/fuzz --timeout 7200 $(ARGS)
	$(BIN)/python -m tests.fuzz.guided -runs=100000 -max_len=20000

$(FUZZ_INSTALLED): $(INSTALLED)
ifdef UV
	$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt --group fuzz
else
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --group fuzz
endif
	@touch $(FUZZ_INSTALLED)

linkage: $(INSTALLED)  ## links and conflicts of 20,000 births against their truth, into docs/methods/linkage_quality.md
	rm -rf $(LINKED_WORLD)
	$(BIN)/perinatal synth --births 20000 --seed 7 --scenario llr --format all --faults default --out $(LINKED_WORLD)
	$(LINKED_STORE) $(BIN)/perinatal ingest $(LINKED_WORLD)/ndjson $(LINKED_WORLD)/csv/mhsds --json \
		> $(LINKED_WORLD)/ingest.json || test $$? -eq 1  # the faults of the world are data problems
	$(LINKED_STORE) $(BIN)/python -m tests.end_to_end.measure_linkage $(LINKED_WORLD) \
		--database sqlite:///$(LINKED_WORLD)/store.db --page docs/methods/linkage_quality.md

nightly: test test-all fuzz bench linkage  ## everything

clean:  ## remove environments and the demo's files
	rm -rf $(VENV) $(PEERS) perinatal-demo $(LINKED_WORLD) build dist *.egg-info
