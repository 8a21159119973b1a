# Gurindam. `make start` runs the product; `make test` proves it. Nothing else is needed before either.
.DEFAULT_GOAL := help
.PHONY: help start setup setup-dev check test proof bench lock lesson-videos clean

PYTHON ?= python3
AREA ?= learn
VENV := .venv/bin

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

start: ## Set up what is missing and run the product (PORT, HOST, INSTANCE_PATH are honored)
	@$(PYTHON) scripts/start.py

setup: ## Only set up what the product needs
	@$(PYTHON) scripts/provision.py

setup-dev: ## Set up what tests need as well
	@$(PYTHON) scripts/provision.py --dev

check: setup-dev ## The fast layer: lint, types, layers, unit tests
	@$(VENV)/python scripts/checks.py fast

test: setup-dev ## Everything: the fast layer, SQLite and PostgreSQL, real ffmpeg, a real browser
	@$(VENV)/python scripts/checks.py all

proof: setup-dev ## Long proofs, by AREA (learn, video, live)
	@$(VENV)/python -m tests.proofs.$(AREA)

bench: setup-dev ## Measure against a reference, by AREA (learn, video, live)
	@$(VENV)/python -m bench.$(AREA)

lesson-videos: setup-dev ## Render the narrated lesson videos from their sources in content/
	@$(VENV)/python scripts/lesson_video.py

lock: ## Write the lock files anew from requirements*.in
	@$(VENV)/uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url requirements.in -o requirements.txt
	@$(VENV)/uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url -c requirements.txt requirements-dev.in -o requirements-dev.txt

clean: ## Remove what set-up made (never the instance folder, where the data is)
	rm -rf .venv node_modules app/ui/static/dist build
