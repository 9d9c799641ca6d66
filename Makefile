# What a person types. Every target sets up what it needs in .venv first; `make help` lists them.
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export MLFLOW_ALLOW_PICKLE_DESERIALIZATION := false
# LightGBM's threads wait for each other by spinning, which starves whatever else runs beside them.
export OMP_WAIT_POLICY ?= PASSIVE
# Without byte code every stage would compile its imports again: 8 seconds instead of 3.
unexport PYTHONDONTWRITEBYTECODE

# Only what starts the set-up: an old one will do, tools/setup_env.py looks for the one to use.
FOUND = $(foreach name,$(PYTHON) python3 python3.13 python3.12 python3.11,$(shell command -v $(name) 2>/dev/null))
PYTHON3 = $(or $(firstword $(FOUND)),$(error No Python on the PATH: install Python 3.11, 3.12 or 3.13, then run the same command again))
SETUP = @"$(PYTHON3)" tools/setup_env.py
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run own-data serve test check check-extensions format zoo bench-sources bench-features bench-live bench-serving bench-live-scoring bench-accuracy bench-season bench-coverage bench-choices bench-value-classes bench-truth bench-scoring bench-ladder bench-reasons bench-store bench-page bench-actions bench-scale bench-processors faults fuzz clients docs audit ui experiments spark-setup sail-setup lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' Makefile

run:  ## the main job: raw purchases to a published release, then a summary
	$(SETUP) pipeline
	@$(BIN)/python -m pipelines.run

own-data:  ## looks at your own files, proposes params.yaml, asks, and runs: FROM=path (ARGS="--yes --dry-run --no-run --answer key=value")
	@test -n "$(FROM)" || { echo "Say where your data is: make own-data FROM=path/to/file-or-folder" >&2; exit 1; }
	$(SETUP) pipeline
	@$(BIN)/python -m pipelines.own_data --from "$(FROM)" $(ARGS)

serve:  ## API and page of the published release: http://127.0.0.1:8000
	$(SETUP) pipeline
	@exec $(BIN)/python -m serving.cli serve

test:  ## every test (ONLY=slow: those that `make check` leaves out)
	$(SETUP) dev
	@$(BIN)/python tools/setup_browser.py
	$(PYTEST) $(if $(ONLY),-m "$(ONLY)")

check:  ## format, lint, strict types, import layers, fast tests
	$(SETUP) dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -m "not slow"

check-extensions:  ## features and a churn model of your own, promise by promise (FOLDER=docs/examples/logistic)
	$(SETUP) pipeline
	@$(BIN)/python -m pipelines.check_extensions $(if $(FOLDER),--folder "$(FOLDER)")

format:  ## format the code and fix what the linter can fix
	$(SETUP) dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

zoo:  ## whole runs for companies drawn at random, reduced where they fail (COMPANIES=40 FIRST=0): table and benchmarks/out/zoo.json
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.zoo --companies $(or $(COMPANIES),40) --first $(or $(FIRST),0)

bench-sources:  ## churn beside its baselines on every real source: table and benchmarks/out/sources.json
	$(SETUP) pipeline
	@$(BIN)/python -m benchmarks.sources

bench-features:  ## snapshots of up to 50 M orders, ours beside SQL by hand and others: hours, and 24 GB
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.features

bench-live:  ## live features of one history and of a thousand: table and benchmarks/out/live.json
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.live

bench-serving:  ## the service under load, beside a bare application of the same bytes: CUSTOMERS=100000, after `make run`
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.serving --customers $(or $(CUSTOMERS),100000)

bench-live-scoring:  ## answers to one history and to a thousand: table and benchmarks/out/live_scoring.json
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.live_scoring

bench-accuracy:  ## other models beside ours, on the same snapshots and test rows: hours
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.accuracy

bench-season:  ## totals and cards with the calendar of the company and without, on real data and shops with planted seasons
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.season

bench-coverage:  ## what the 80 % interval of the next purchase holds, on real data and drawn companies of slow rhythms (ON=development)
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.coverage --on $(or $(ON),test)

bench-choices:  ## our models with other settings, on the dates on which settings are chosen: an hour
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.choices

bench-value-classes:  ## whether churn probabilities hold in each value class, with and without shifts by value
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.value_classes

bench-truth:  ## models on simulated companies whose truth is known: nothing to find, planted causes, BG/NBD
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.truth

bench-scoring:  ## training, and scoring a million customers with the models of the last `make run`
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.scoring

bench-ladder:  ## small data: real sources cut to few customers and days, ours beside simple models (FRESH=1: anew)
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.ladder $(CELLS)

bench-reasons:  ## reasons of cards: which contradict themselves, tell what is typical, or repeat
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.reasons

bench-store:  ## publishing and reading a million cards on SQLite and PostgreSQL: table and benchmarks/out/store.json
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.store

bench-page:  ## the manager's pages with a million customers: times and sizes, table and benchmarks/out/page.json (CUSTOMERS=1000000)
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.page --customers $(or $(CUSTOMERS),1000000)

bench-actions:  ## what plans bring, and its proof: tables and benchmarks/out/actions.json (PARTS="allocation …")
	$(SETUP) bench
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.actions $(if $(PARTS),--parts $(PARTS))

bench-scale:  ## every stage of a simulated shop of 100,000, 1 M and 3 M customers: hours (CUSTOMERS="100000")
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.scale $(if $(CUSTOMERS),--customers $(CUSTOMERS))
	@$(BIN)/python -m benchmarks.scale_curve

bench-processors:  ## whole runs under settings that stand in for other processors: every output must be the same, an hour
	$(SETUP) bench
	@$(BIN)/python -m benchmarks.processors

faults:  ## processes killed, files damaged, databases restarted: what was lost (KILLS=200)
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.faults --kills $(or $(KILLS),200) --damages $(or $(DAMAGES),500)

fuzz:  ## the API under schemathesis with all its checks, and hostile bodies (CASES=10000): table and benchmarks/out/fuzz.json
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.fuzz --cases $(or $(CASES),10000)

clients:  ## clients made of the OpenAPI document in six languages, compiled, and called: table and benchmarks/out/clients.json
	$(SETUP) dev
	@$(BIN)/python -m benchmarks.clients

docs:  ## write the generated pages of docs/ anew: features, parameters, house, decisions, the collection of the API's calls
	$(SETUP) dev
	$(BIN)/python -m tools.write_docs

audit:  ## known vulnerabilities of the pinned packages, from the package index (needs the internet)
	$(SETUP) dev
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements/dev.txt

ui:  ## the recorded runs and their charts, in MLflow on http://127.0.0.1:5000
	@test -n "$$MLFLOW_TRACKING_URI" -o -e mlflow.db || { echo "There is no mlflow.db yet: run \`make run\` first, it records what it did there." >&2; exit 1; }
	$(SETUP) pipeline
	@exec $(BIN)/python -m pipelines.ui

experiments:  ## experiments side by side: headline figures, and the parameters that differ
	$(SETUP) pipeline
	@$(BIN)/dvc exp show --only-changed --drop '.*/|(core|sources|features|models|actions|serving|plots|State|Executor)$$'

spark-setup:  ## Spark and a Java for it into .venv, for `engine: spark` (about 560 MB)
	$(SETUP) spark

sail-setup:  ## Sail into .venv, for `engine: sail`: no Java (about 640 MB)
	$(SETUP) sail

lock:  ## write requirements/*.txt anew from pyproject.toml (UPGRADE=1: newest versions)
	@PYTHON3="$(PYTHON3)" tools/lock $(if $(UPGRADE),--upgrade)

clean:  ## delete .venv and caches; data, models, reports and mlflow.db stay
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
