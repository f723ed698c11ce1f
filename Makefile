# Each target sets up .venv first; after the first time that takes no time.
# PYTHON=... picks the Python that .venv is made with.
BIN := .venv/bin
export PYTHON

.PHONY: setup setup-full setup-0x demo test test-all test-fuzz test-concurrency test-full test-0x test-cluster lint bench accuracy accuracy-quick accuracy-left-out docs wheel clean

setup:
	@sh requirements/setup.sh

# Stacks beside it, see docs/install.md: MMPose 1.x with compiled mmcv, and MMPose 0.29.
setup-full:
	@sh requirements/full.sh

setup-0x:
	@OPS=$(OPS) sh requirements/mmpose0x.sh

demo: setup
	$(BIN)/python demo/calibration_to_poses_demo.py --out demo_out

# One thread for each process: threads of many processes on few cores wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

# What takes long by nature (marked slow) belongs to test-all.
test: setup
	$(PYTEST) -m 'not slow'

test-all: test
	MMPOSE_OURS_TRIALS=5 $(PYTEST) -m slow
	$(BIN)/python -m tests.fuzz --count 1000 --state .fuzz-test-all --anew

# Damaged files thrown at every reader, 10,000 each; goes on where it was. FUZZ=... are options.
FUZZ ?= --count 10000

test-fuzz: setup
	$(BIN)/python -m tests.fuzz $(FUZZ)

test-full: setup-full
	.venv-full/bin/python -m pytest

# What runs beside MMPose 0.x as well: this package's own models on a recording.
IN_BOTH := tests/cli/test_predict.py tests/apis/test_inferencer.py tests/models/voxelpose/test_stock_parity.py

test-0x: setup-0x
	.venv-0x/bin/python -m pytest tests/mmpose0x $(IN_BOTH)

# A real Slurm, and two machines made of namespaces; needs root, see docs/train.md.
# CLUSTER=... picks tests.
CLUSTER ?= tests/cluster

test-cluster: setup
	@sh tests/cluster/ready.sh
	$(BIN)/python -m pytest $(CLUSTER)

# Two and four simultaneous runs on one keypoint cache, one of them killed now and then.
TRIALS ?= 200

test-concurrency: setup
	MMPOSE_OURS_TRIALS=$(TRIALS) $(BIN)/python -m pytest -s tests/concurrency

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck requirements/*.sh tests/cluster/*.sh tools/*.sh .ci/run
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint docker/*; fi

# BENCH=... are options, see docs/performance.md.
bench: setup
	@case " $(BENCH) " in *" --ours-only "*) ;; *) sh requirements/stock.sh ;; esac
	$(BIN)/python -m benchmarks.bench $(BENCH)

# Figures on real people; ACCURACY=... are options, see docs/accuracy.md.
accuracy: setup
	$(BIN)/python -m benchmarks.accuracy $(ACCURACY)

accuracy-quick: setup
	$(BIN)/python -m benchmarks.accuracy --quick $(ACCURACY)

# Errors in left-out cameras, which need no labels; LEFT_OUT=... are options, see docs/accuracy.md.
accuracy-left-out: setup
	$(BIN)/python -m benchmarks.left_out $(LEFT_OUT)

# The documentation site, into site/, from an environment of its own.
docs:
	@sh requirements/docs.sh

# build/ keeps files that have since been removed, and they would enter the wheel.
wheel: setup
	rm -rf build dist
	$(BIN)/python -m pip wheel . --quiet --no-deps --no-build-isolation --wheel-dir dist
	@ls dist/*.whl

clean:
	rm -rf build dist site *.egg-info demo_out .pytest_cache .ruff_cache .mypy_cache
