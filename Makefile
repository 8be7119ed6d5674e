# Two targets are all you need: `make demo` and `make test`. Each builds .venv when it must.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export OMP_NUM_THREADS ?= 1

.PHONY: help demo test test-fast test-matrix packages stress soak lint format typecheck bench docs notebooks audit table clean

help:
	@echo "make demo       train three methods on digits, analyse them, write a report"
	@echo "make test       run the test suite"
	@echo "make test-fast  the tests but for the slow ones and the browser's"
	@echo "make test-matrix  the tests without torch by every Python at hand, newest and lowest dependencies"
	@echo "make packages   build sdist and wheel into dist, use each from an empty environment"
	@echo "make lint       formatting, lint, types (of README and docs too), import rules"
	@echo "make bench      write benchmarks/results/*.json"
	@echo "make table      write the table of what is built in, and of how long experiments took"
	@echo "make docs       build the documentation into docs/_build"
	@echo "make notebooks  build and execute the notebooks"
	@echo "make stress     the long robustness tests"
	@echo "make soak       hours of training with everything going wrong, in MINUTES (30)"
	@echo "make audit      check the dependencies for known vulnerabilities"

# torch is named first and alone, so that a pinned CPU build that is at hand is the one taken.
$(VENV)/.base: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) -e ".[train,report]"
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) -e ".[dev]"
	@touch $@

demo: $(VENV)/.base
	$(BIN)/netsci-dst demo

# Two processes, a file at a time, the longest files first (tests/support/long_first.txt).
TWO := -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(TWO) -m "not stress" $(ARGS)

# What an idle pair of cores answers in a minute and a half.
test-fast: $(VENV)/.dev
	$(BIN)/python -m pytest $(TWO) -m "not stress and not slow and not browser" $(ARGS)

test-matrix: $(VENV)/.dev
	.ci/test-matrix $(CELLS)

packages: $(VENV)/.base
	.ci/packages dist

stress: $(VENV)/.dev
	$(BIN)/python -m pytest -m stress $(ARGS)

soak: $(VENV)/.dev
	$(BIN)/python tests/robustness/soak.py --minutes $(or $(MINUTES),30)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python .ci/check_types_complete.py
	$(BIN)/python .ci/check_snippets.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(VENV)/.dev
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

notebooks: $(VENV)/.dev
	$(BIN)/python notebooks/build.py

table: $(VENV)/.base
	$(BIN)/python -m netsci_dst.write_table
	$(BIN)/python -m netsci_dst.reproduction.write_times docs/results

# A package that the index cannot show (a mirror may lack it) is named and skipped.
audit: $(VENV)/.dev
	$(BIN)/pip-audit --skip-editable

clean:
	rm -rf $(VENV) build docs/_build .pytest_cache .ruff_cache
