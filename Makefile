PY := .venv/bin/python
STAMP := .venv/.ready

# Every process of a server compiles rota anew where this is set: a third of what its start costs.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo check lint test soak bench lock conformance clean

setup: $(STAMP)

# The S3 server of the tests lives apart: it wants an older python-dateutil.
$(STAMP): requirements.lock tests/s3/requirements.lock pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rota needs Python 3.11 or newer as python3"; exit 1; }
	@python3 -m venv .venv || { echo "python3 cannot make a venv: on Debian run 'apt-get install python3-venv'"; exit 1; }
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	.venv/bin/python -m compileall -q src
	@python3 -m venv .venv/s3
	.venv/s3/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/s3/requirements.lock
	@touch $@

demo: setup
	$(PY) examples/demo.py

check: setup lint test

lint: setup
	.venv/bin/ruff check src tests bench examples
	.venv/bin/ruff format --check src tests bench examples
	.venv/bin/mypy
	.venv/bin/lint-imports

# Three processes on two cores: a third of the time the tests wait for servers, disks and PostgreSQL.
test: setup
	$(PY) -m pytest -n 3 --dist worksteal

soak: setup
	$(PY) -m pytest -m soak -s

# Asks a server what JSON:API demands: one of its own, or `make conformance URL=http://… TOKEN=…`, an admin's.
conformance: setup
	PYTHONPATH=tests $(PY) -m dialects.jsonapi.conformance $(URL) $(TOKEN)

bench: setup
	$(PY) -m bench

# Writes the pinned, hashed set that `make setup` installs; no index is named in it.
lock: setup
	$(PY) -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	  --python-version 3.11 --group dev pyproject.toml requirements.build -o requirements.lock
	.venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	  --python-version 3.11 bench/requirements.in -o bench/requirements.lock
	.venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --universal \
	  --python-version 3.11 tests/s3/requirements.in -o tests/s3/requirements.lock

clean:
	rm -rf .venv
