# Everything starts from git, make and Python 3.11; nothing else needs to be installed, nothing asks for root.
PYTHON ?= python3.11
UV_VERSION := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.lock)
BIN := .venv/bin
RIVALS := .local/bench-venv
SPARK := .local/spark-venv/lib/python3.11/site-packages
STAMP := .venv/.wirefold-setup

.PHONY: setup run up down sql test lint check bench-match bench-extract bench-incremental bench-release bench-ingest bench-archive bench-scale test-spark lock docs clean

setup: $(STAMP)

# The stamp holds until the lock or the project file changes, so a second `make run` installs nothing.
$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "wirefold needs $(PYTHON) on the PATH (or: make PYTHON=/path/to/python3.11)" >&2; exit 2; }
	@test -x $(BIN)/uv || { echo "setup: .venv with $$($(PYTHON) --version)"; $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet "uv==$(UV_VERSION)"; }
	@echo "setup: $$(grep -c '==' requirements.lock) packages from requirements.lock"
	@VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

run: setup
	$(BIN)/python -m infra.local run

up: setup
	$(BIN)/python -m infra.local up

down: setup
	$(BIN)/python -m infra.local down

sql: setup
	$(BIN)/python -m infra.local sql

# A file's tests stay in one worker, which starts its servers and releases once; each worker has its own.
# The files keep their order: by their numbers of tests, those of one long test would come last.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: setup
	$(PYTEST)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint
	$(PYTEST) -q -m "not slow" -x

# Beside the engines that people use, which are no dependencies: each that installs is measured.
# `make bench-match ARGS="--growth --cluster"` for more.
bench-match: setup
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(RIVALS)
	@for rival in datasketch rensa daft; do \
		VIRTUAL_ENV="$(CURDIR)/$(RIVALS)" $(BIN)/uv pip install --quiet --constraint tests/benchmarks/requirements.lock \
			$$rival pyarrow scipy xxhash || echo "bench-match: $$rival does not install" >&2; \
	done
	$(BIN)/python -m tests.benchmarks $(ARGS)

# Beside trafilatura, on the demo network's pages or on pages of your own: `make bench-extract ARGS=folder`.
bench-extract: setup
	$(BIN)/python -m tests.benchmarks.extraction $(ARGS)

# A thousand new pages against ten thousand, a hundred thousand and a million stored; takes some minutes and 15 GB.
bench-incremental: setup
	$(BIN)/python -m tests.benchmarks.incremental $(ARGS)

# A release of a million republications, then one of a thousand new pages; takes ten minutes and 15 GB.
bench-release: setup
	$(BIN)/python -m tests.benchmarks.releasing $(ARGS)

# All pages at once within 4 GiB, from a hundred thousand to a million; takes half an hour and 20 GB.
bench-scale: setup
	PYTHONPATH=.:$(SPARK) $(BIN)/python -m tests.benchmarks.scaling $(ARGS)

# Spark comes beside the project's environment, from tests/readers/requirements.lock; skipped without a Java.
test-spark: setup
	$(BIN)/python -m pytest -q tests/spark

# Three hundred outlets of the demo network, beside a bare aiohttp loop; takes some minutes.
bench-ingest: setup
	$(BIN)/python -m tests.benchmarks.ingesting $(ARGS)

# A generated WARC file of 1 GB into pages of a lake; takes some ten minutes and 4 GB of disk.
bench-archive: setup
	$(BIN)/python -m tests.benchmarks.archive $(ARGS)

# All but `spark`, which is 480 MB that nothing else needs.
EXTRAS := --extra airflow --extra production --extra demo --extra tune --extra iceberg --extra dev

# Hashed, universal, with no address in it: it installs the same bytes from any index.
lock: setup
	$(BIN)/uv pip compile pyproject.toml $(EXTRAS) --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml infra/container/requirements.in --extra airflow --extra iceberg --extra production \
		--constraint requirements.lock --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--output-file infra/container/requirements.lock
	$(BIN)/uv pip compile tests/benchmarks/requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--output-file tests/benchmarks/requirements.lock
	$(BIN)/uv pip compile tests/readers/requirements.in --no-deps --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
		--output-file tests/readers/requirements.lock

clean:
	rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache
