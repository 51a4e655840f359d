# Needs Python 3.11+ (set PYTHON to choose one) and the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: figures test bench clean

figures: $(VENV)/installed
	$(BIN)/python -m experiments figures

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 2

bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[certified,gymnasium,test]'
	touch $@

clean:
	rm -rf $(VENV)
