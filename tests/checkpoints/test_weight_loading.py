"""A model that is run gets all of its weights, finite ones, or nothing runs."""

import pytest
import torch
from errors import fails
from hostile_checkpoints import save
from mmengine.config import Config
from mmengine.runner import load_checkpoint

from mmpose_ours import compat
from mmpose_ours.apis.model_runner import load_model
from mmpose_ours.checkpoints.loading import CheckpointError, load_weights
from mmpose_ours.checkpoints.shipped_weights import load_shipped
from mmpose_ours.errors import FileFormatError
from mmpose_ours.models import FasterVoxelPose
from mmpose_ours.models.voxelpose.model import VoxelPose

PRIOR = Config(dict(model=dict(type='mmpose_ours.KeypointPrior')))
SHIPPED = 'mmpose-ours://keypoint_prior'


def shipped():
    return dict(load_shipped(SHIPPED)['state_dict'])


def load(state, tmp_path):
    return load_model(PRIOR, save(dict(state_dict=state), tmp_path / 'a.pth'), 'cpu')


def test_the_weights_of_the_package_are_all_there(tmp_path):
    model = load_model(PRIOR, SHIPPED, 'cpu')
    wrapped = {f'module.{key}': value for key, value in shipped().items()}
    other = load(wrapped, tmp_path)
    for key, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[key])


@pytest.mark.parametrize('state', ['empty', 'other'])
def test_weights_of_nothing_or_another_model_are_refused(state, tmp_path):
    torch.manual_seed(0)
    given = {} if state == 'empty' else FasterVoxelPose().state_dict()
    with pytest.raises(CheckpointError) as caught:
        load(given, tmp_path)
    error = caught.value
    assert isinstance(error, FileFormatError) and error.code == 'checkpoint'
    assert error.file == str(tmp_path / 'a.pth') and error.missing
    assert bool(error.unexpected) == (state == 'other')
    assert len(str(error)) < 1500
    with pytest.raises(CheckpointError):
        load_model(PRIOR, 'mmpose-ours://none', 'cpu')


def test_what_differs_is_listed(tmp_path):
    state = shipped()
    first, second, third = [key for key in state if state[key].dim()][:3]
    del state[first]
    state['more'] = torch.zeros(1)
    state[second] = torch.zeros(3, 1, 4, 1, 5)
    state[third] = state[third].long()
    with pytest.raises(CheckpointError) as caught:
        load(state, tmp_path)
    error = caught.value
    assert error.missing == [first] and error.unexpected == ['more']
    assert set(error.mismatched) == {second, third} and not error.nonfinite


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_no_numbers_are_refused(value, tmp_path):
    state = shipped()
    key = next(key for key in state if state[key].dim())
    state[key] = state[key].clone()
    state[key].view(-1)[-1] = value
    with fails(CheckpointError, code='not-finite', file=tmp_path / 'a.pth', nonfinite=[key]):
        load(state, tmp_path)


@pytest.mark.parametrize('found', [[], 3, {'state_dict': [1]}, {'a': 1}, {1: torch.ones(1)}])
def test_what_holds_no_weights_is_refused(found, tmp_path):
    with pytest.raises(CheckpointError):
        load_model(PRIOR, save(found, tmp_path / 'a.pth'), 'cpu')


def test_counters_of_batches_may_be_missing():
    net = torch.nn.BatchNorm1d(3)
    state = net.state_dict()
    del state['num_batches_tracked']
    assert load_weights(net, state) == []


def test_a_training_may_begin_with_a_part():
    compat.apply()
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    part = {'0.weight': torch.ones(2, 2), '1.weight': torch.ones(3, 3), 'x': torch.ones(1)}
    assert len(load_weights(net, part, strict=False)) == 3  # missing, unexpected, mismatched
    assert net[0].weight.sum() == 4
    with fails(CheckpointError, code='checkpoint', unexpected=['x']):
        load_weights(net, {'x': torch.ones(1)}, strict=False)
    with fails(CheckpointError, code='not-finite', nonfinite=['0.weight']):
        load_weights(net, {'0.weight': torch.full((2, 2), torch.nan)}, strict=False)


def test_mmengine_refuses_too_what_has_nothing_of_a_model(tmp_path):
    compat.apply()
    path = save(dict(state_dict={'x': torch.ones(1)}), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError):
        load_checkpoint(torch.nn.Linear(2, 2), str(path))


def test_a_model_of_heatmaps_takes_weights_with_a_2d_network():
    small = dict(
        center=dict(bins=(16, 16, 4), channels=(4, 4, 4, 4)),
        pose=dict(bins=(8, 8, 8), channels=(4, 4, 4, 4)),
    )
    model = VoxelPose(heatmap_size=(24, 16), **small)
    state = model.state_dict()
    more = {**state, 'backbone.backbone.conv1.weight': torch.ones(1)}
    assert load_weights(model, more) == []
    with pytest.raises(CheckpointError) as caught:
        load_weights(model, {**state, 'back.weight': torch.ones(1)})
    assert caught.value.unexpected == ['back.weight']


def test_a_prefix_of_some_names_only_is_none_of_the_model(tmp_path):
    state = shipped()
    first = next(key for key in state if state[key].dim())
    with pytest.raises(CheckpointError) as caught:
        load({**state, f'module.{first}': state[first] + 1}, tmp_path)
    assert caught.value.unexpected == [f'module.{first}'] and not caught.value.missing


def test_a_double_that_no_float_holds_is_infinite(tmp_path):
    state = shipped()
    first = next(key for key in state if state[key].dim() and state[key].is_floating_point())
    state[first] = torch.full_like(state[first], 1e300, dtype=torch.float64)
    with fails(CheckpointError, code='not-finite', nonfinite=[first]):
        load(state, tmp_path)
