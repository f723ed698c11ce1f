"""Weights of the package: by name through MMEngine, as safetensors, and what they are not."""

import pytest
import torch
from mmengine.runner import CheckpointLoader, load_checkpoint

import mmpose_ours.registry  # noqa: F401  makes the scheme known
from mmpose_ours import weights
from mmpose_ours.cli import main
from mmpose_ours.models import KeypointPrior
from mmpose_ours.weights import export, shipped


def test_the_prior_comes_along_and_fits_its_model():
    assert 'keypoint_prior' in shipped()
    assert shipped()['keypoint_prior'].stat().st_size < 10e6
    checkpoint = load_checkpoint(KeypointPrior(), 'mmpose-ours://keypoint_prior', strict=True)
    assert 'keypoint_prior_any_rig.py' in checkpoint['meta']['about']


def test_the_empty_checkpoint_holds_nothing():
    assert CheckpointLoader.load_checkpoint('mmpose-ours://none')['state_dict'] == {}


def test_an_unknown_name_is_told():
    with pytest.raises(FileNotFoundError, match='mmpose-ours://nobody.*keypoint_prior, none'):
        CheckpointLoader.load_checkpoint('mmpose-ours://nobody')


def test_export_keeps_every_number(tmp_path, capsys):
    from safetensors.torch import load_file

    state = {'a.weight': torch.randn(3, 4), 'a.bias': torch.randn(3).double()}
    torch.save(dict(state_dict=state, meta=dict(epoch=1)), tmp_path / 'epoch_1.pth')
    out = tmp_path / 'deep' / 'a.safetensors'
    assert main(['export-weights', str(tmp_path / 'epoch_1.pth'), str(out), '--about', 'me']) == 0
    assert '15 numbers' in capsys.readouterr().out
    read = load_file(out)
    assert set(read) == set(state)
    for name, tensor in state.items():
        torch.testing.assert_close(read[name], tensor.float())


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    def half_way(state, path, meta):
        path.write_bytes(b'half')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(weights, 'save_file', half_way)
    torch.save(dict(state_dict={'a': torch.ones(1)}), tmp_path / 'a.pth')
    with pytest.raises(OSError, match='No space'):
        export(tmp_path / 'a.pth', tmp_path / 'a.safetensors')
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']
