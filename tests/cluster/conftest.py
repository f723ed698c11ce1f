"""These tests make machines and a Slurm; they run only when asked for: `make test-cluster`."""

import shutil
import tempfile
from pathlib import Path

import pytest
from machines import TwoMachines
from slurm import Slurm

HERE = Path(__file__).resolve().parent


def pytest_ignore_collect(collection_path, config):
    """Nothing here is collected unless this folder or a file of it was named."""
    named = [Path(word.split('::')[0]).resolve() for word in config.invocation_params.args]
    return None if any(HERE in (word, *word.parents) for word in named) else True


@pytest.fixture
def new_machines():
    """Makes two machines; see :class:`machines.TwoMachines`."""
    made, folders = [], []

    def make() -> TwoMachines:
        # Not pytest's own folder: munge wants one that others can enter.
        folders.append(Path(tempfile.mkdtemp('', 'mmpose_ours_cluster_', '/tmp')))
        folders[-1].chmod(0o755)
        made.append(TwoMachines(folders[-1]))
        made[-1].folder = folders[-1]
        return made[-1]

    yield make
    for machines in made:
        machines.end()
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture
def machines(new_machines):
    """Two machines for one test."""
    return new_machines()


@pytest.fixture
def slurm(machines):
    """A Slurm on two machines for one test."""
    return Slurm(machines, machines.folder)
