"""Calls of train-rig in a folder of their own."""

import pytest
from train_rig_runs import StandIn, rig_of

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli import main as cli
from mmpose_ours.workflows.train_rig import preparation as train_rig_steps
from mmpose_ours.workflows.train_rig import testing as train_rig_test


@pytest.fixture
def stand_in(monkeypatch):
    stand_in = StandIn()
    for module in (train_rig_steps, train_rig_test):
        monkeypatch.setattr(module, 'run_stock', stand_in)
    return stand_in


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Calls the command in a folder of its own, for a rig of three cameras."""
    monkeypatch.chdir(tmp_path)
    write_rig(rig_of(3), tmp_path / 'rig.json', 'campus')

    def call(*args, rig='rig.json'):
        source = ['--rig', rig] if rig else []
        words = ['train-rig', 'data/Ours', *source, '--epochs', '1', '--frames', '10', *args]
        return cli.main(words)

    return call
