"""Weights of the package: by name through MMEngine, as safetensors, and what they are not."""

import json

import pytest
import torch
from errors import fails
from hostile_checkpoints import archive, dumps, tensor
from mmengine.runner import CheckpointLoader, load_checkpoint
from small_disk import small_disk

import mmpose_ours.registry  # noqa: F401  makes the scheme known
from mmpose_ours.checkpoints.loading import CheckpointError
from mmpose_ours.checkpoints.shipped_weights import export_weights, shipped
from mmpose_ours.cli.main import main
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.disk import files
from mmpose_ours.models import KeypointPrior


def test_the_prior_comes_along_and_fits_its_model():
    assert 'keypoint_prior' in shipped()
    assert shipped()['keypoint_prior'].stat().st_size < 10e6
    checkpoint = load_checkpoint(KeypointPrior(), 'mmpose-ours://keypoint_prior', strict=True)
    assert 'keypoint_prior_any_rig.py' in checkpoint['meta']['about']


def test_the_empty_checkpoint_holds_nothing():
    assert CheckpointLoader.load_checkpoint('mmpose-ours://none')['state_dict'] == {}


def test_an_unknown_name_is_reported():
    # An OSError, which has no fields.
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
    for name, expected in state.items():
        torch.testing.assert_close(read[name], expected.float())


@pytest.mark.parametrize('room', [0, 200])
def test_a_failed_export_leaves_nothing(room, tmp_path, monkeypatch):
    torch.save(dict(state_dict={'a': torch.ones(100)}), tmp_path / 'a.pth')
    out = tmp_path / 'a.safetensors'
    small_disk(monkeypatch, files, room)
    with pytest.raises(OSError, match='No space') as caught:  # the system's own
        export_weights(tmp_path / 'a.pth', out)
    assert caught.value.filename == str(out)
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']


def test_what_cannot_be_exported(tmp_path):
    torch.save([1], tmp_path / 'a.pth')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'text.pth').write_text('text')
    (tmp_path / 'empty.pth').touch()
    for source, kind, code in (
        ('a.pth', CheckpointError, 'checkpoint'),
        ('folder', FileFormatError, 'file-format'),
        ('text.pth', FileFormatError, 'file-format'),
        ('empty.pth', FileFormatError, 'damaged'),
    ):
        with fails(kind, code=code, file=tmp_path / source):
            export_weights(tmp_path / source, tmp_path / 'a.safetensors')
    with pytest.raises(FileNotFoundError):
        export_weights(tmp_path / 'none.pth', tmp_path / 'a.safetensors')
    torch.save({'a': torch.ones(1)}, tmp_path / 'a.pth')
    with pytest.raises(IsADirectoryError):
        export_weights(tmp_path / 'a.pth', tmp_path / 'folder')
    with fails(InputError, code='conflict', file=tmp_path / 'a.pth'):
        export_weights(tmp_path / 'a.pth', tmp_path / 'a.pth')
    left = ['a.pth', 'empty.pth', 'folder', 'text.pth']
    assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_weights_of_a_type_that_cannot_be_converted_are_refused(tmp_path):
    """Of four bits each; on a torch that does not know them the reader refuses the file."""
    header = json.dumps({'a': {'dtype': 'F4', 'shape': [2], 'data_offsets': [0, 1]}}).encode()
    path = tmp_path / 'a.safetensors'
    path.write_bytes(len(header).to_bytes(8, 'little') + header + bytes(1))
    with pytest.raises(FileFormatError) as caught:
        export_weights(path, tmp_path / 'b.safetensors')
    assert caught.value.file == str(path) and not (tmp_path / 'b.safetensors').exists()


@pytest.mark.parametrize('shape', [[1] * 100, [1] * 100_000, [0, 2**40, 2**40]])
def test_shapes_that_torch_cannot_work_with_are_refused(tmp_path, shape):
    count = 0 if 0 in shape else 4
    header = json.dumps({'a': {'dtype': 'F32', 'shape': shape, 'data_offsets': [0, count]}})
    path = tmp_path / 'a.safetensors'
    path.write_bytes(len(header).to_bytes(8, 'little') + header.encode() + bytes(count))
    with pytest.raises(FileFormatError):
        export_weights(path, tmp_path / 'b.safetensors')
    data = dumps({'a': tensor(1, tuple(shape), (0,) * len(shape))})
    with pytest.raises(FileFormatError):
        export_weights(
            archive(tmp_path / 'a.pth', data, [('data/0', bytes(4))]), tmp_path / 'b.safetensors'
        )


def test_complex_numbers_are_not_cut(tmp_path):
    torch.save({'a': torch.ones(2, dtype=torch.complex64)}, tmp_path / 'a.pth')
    with fails(FileFormatError, code='cannot-express', file=tmp_path / 'a.pth'):
        export_weights(tmp_path / 'a.pth', tmp_path / 'b.safetensors')
    assert not (tmp_path / 'b.safetensors').exists()


@pytest.mark.parametrize(
    ('state', 'nonfinite'),
    [
        ({}, []),
        ({'a': torch.tensor([1, float('nan')]), 'b': torch.ones(2)}, ['a']),
        ({'a': torch.tensor([1e300], dtype=torch.float64)}, ['a']),
        ({'norm.running_var': torch.tensor([-1.0]), 'norm.running_mean': -torch.ones(1)},
         ['norm.running_var']),
    ],
)  # fmt: skip
def test_weights_that_no_model_would_load_are_not_exported(state, nonfinite, tmp_path):
    torch.save(state, tmp_path / 'a.pth')
    code = 'not-finite' if nonfinite else 'checkpoint'
    with fails(CheckpointError, code=code, file=tmp_path / 'a.pth', nonfinite=nonfinite):
        export_weights(tmp_path / 'a.pth', tmp_path / 'a.safetensors')
    assert not (tmp_path / 'a.safetensors').exists()
