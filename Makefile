# The commands that the README quotes. What they do stands in tests/cluster, pyproject.toml and the manifests.
PYTHON3 ?= python3
SOAK ?= 1
POLICIES ?=
KUBECTL ?= kubectl
CRDS := $(addsuffix .troubleshooter.sh,crd/troubleshooters crd/troubleshooterclasses crd/replays)
PYTHON := .venv/bin/python
HARNESS = $(PYTHON3) tests/cluster/cli.py
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-package troubleshooter

MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.PHONY: help demo charts test lint unit e2e bench bench-operator bench-plugin soak image push cluster-up cluster-down \
	install uninstall deploy undeploy run lock docs reference picture wheel python notice venv

help: ## show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20

demo: notice venv ## the main job, from a cluster to the playback of a recorded session
	@$(PYTHON) tools/demo.py

test: NOTICE = --tests
test: notice lint unit e2e ## all tests; takes down what it started

lint: venv ## style, types, import rules
	@echo "style: ruff" && .venv/bin/ruff check && .venv/bin/ruff format --check
	@echo "types: mypy (half a minute the first time)" && .venv/bin/mypy
	@echo "import rules: import-linter" && .venv/bin/lint-imports

unit: venv ## the tests that need no cluster
	@$(HARNESS) tests
	@$(PYTHON) -m pytest -m "not cluster and not soak" --numprocesses 4 --dist loadfile

e2e: venv ## the tests on a real one-node Kubernetes
	@$(PYTHON) -m pytest tests/api -m cluster --numprocesses 3 --dist loadfile
	@$(PYTHON) -m pytest --ignore=tests/api -m cluster --verbose --durations=10

image: python ## build the images; load them into the test cluster if it is up; IMG=PREFIX:TAG names both
	@$(HARNESS) image

push: python ## build the images and push them to the registry in IMG=PREFIX:TAG
	@$(HARNESS) push

cluster-up: python ## start the test cluster, or join it: eval "$(make cluster-up)"
	@$(HARNESS) notice
	@$(HARNESS) up

cluster-down: python ## end the test cluster
	@$(HARNESS) down

install: ## put the CRDs into the cluster that kubectl talks to
	@$(KUBECTL) apply -k crd
	@$(KUBECTL) wait --for=jsonpath='{.status.conditions[?(@.type=="Established")].status}'=True $(CRDS)

uninstall: ## take the CRDs away, and with them every Troubleshooter
	@$(KUBECTL) delete --ignore-not-found -k crd

# The policies first, so that the operator finds them in force, and believes who asks for the first toolbox.
deploy: python install ## put CRDs, operator, class and policies into kubectl's cluster; IMG=PREFIX:TAG, POLICIES=none
	@$(PYTHON3) tools/policies.py --policies=$(POLICIES) apply -- $(KUBECTL)
	@$(KUBECTL) kustomize deploy/base | $(HARNESS) named | $(KUBECTL) apply -f -

undeploy: python ## take them away; recordings stay
	@$(PYTHON3) tools/policies.py delete -- $(KUBECTL)
	@$(KUBECTL) delete --ignore-not-found -k deploy/base

charts: venv ## write the templates of the Helm charts again after a change of deploy or crd
	@$(PYTHON) tools/charts.py

reference: venv ## write docs/reference again after a change of crd, or of commands and options
	@$(PYTHON) tools/reference/reference.py

picture: venv ## draw README's picture again, from the recording in docs/assets
	@$(PYTHON) tools/picture/picture.py

docs: venv ## the documentation as pages in site/; a link that leads nowhere is an error
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet
	@echo "read it: site/index.html"

run: venv ## run the operator here, against the cluster that kubectl talks to
	@$(PYTHON) -m troubleshooter_operator

bench: notice venv ## measure the agent beside other recorders, into docs/benchmarks.md; BENCH=short: only try it
	@PYTHONPATH=agent:tests/support:tests/cluster $(PYTHON) tools/bench $(BENCH:%=--%)

soak: venv ## the long tests: crashes, lost nodes, fuzzers, all players; an hour on two cores, SOAK=0.1 for a tenth
	@$(HARNESS) soak
	@TROUBLESHOOTER_SOAK=$(SOAK) $(PYTHON) -m pytest tests/soak tests/agent -m "soak or property" --numprocesses 2

bench-operator: notice venv ## measure the operator with thousands of toolboxes on a played node, into docs/benchmarks.md; BENCH=short: only try it
	@PYTHONPATH=agent:operator:tests/support:tests/cluster:tools/bench $(PYTHON) tools/bench_operator/bench_operator.py $(BENCH:%=--%)

bench-plugin: notice venv ## measure how long a person waits at the plugin, into docs/benchmarks.md; BENCH=short: only try it
	@PYTHONPATH=agent:cli:tests/support:tests/cluster:tools/bench $(PYTHON) tools/bench_plugin/bench_plugin.py $(BENCH:%=--%)

lock: venv ## write the lock files again after a change of pyproject.toml; newest versions: rm requirements/*.lock first
	$(COMPILE) --extra dev pyproject.toml -o requirements/dev.lock
	$(COMPILE) --extra agent -c requirements/dev.lock pyproject.toml -o requirements/agent.lock
	$(COMPILE) --extra operator -c requirements/dev.lock pyproject.toml -o requirements/operator.lock
	$(COMPILE) --extra cli -c requirements/dev.lock pyproject.toml -o requirements/cli.lock
	$(COMPILE) --extra toolbox -c requirements/dev.lock pyproject.toml -o requirements/toolbox.lock
	$(COMPILE) --group pyproject.toml:go -o requirements/go.lock

wheel: venv ## build the wheel into dist/; with its extra [cli] it is kubectl's plugin
	@$(PYTHON) -m hatchling build -t wheel

python:
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(PYTHON3) is too old: Python 3.11 or newer is needed; name one with PYTHON3=...")'

notice: python
	@$(HARNESS) notice $(NOTICE)

venv: python
	@$(HARNESS) venv
