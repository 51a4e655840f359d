# Needs Python 3.11+ (set PYTHON to choose one) and the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Parts of the tests, each with processes of its own: what is compiled stays in memory, 15 GB in all.
METHODS := tests/certified tests/engine
THEOREMS := tests/search tests/theorems tests/verdicts

.PHONY: figures test report bench docs clean

figures: $(VENV)/installed
	$(BIN)/python -m experiments figures --jobs 2

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 2 --dist worksteal $(METHODS)
	$(BIN)/python -m pytest -n 2 --dist worksteal $(THEOREMS)
	$(BIN)/python -m pytest -n 2 --dist worksteal tests $(addprefix --ignore=,$(METHODS) $(THEOREMS))

report: $(VENV)/installed
	$(BIN)/python experiments/rates.py --out report --report report/index.html

bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks

docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going --quiet -b html docs docs/_build/html
	@echo docs/_build/html/index.html

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[certified,gymnasium,report,test]'
	touch $@

clean:
	rm -rf $(VENV) report docs/_build docs/auto_examples docs/api/generated
