"""Weights that are of no VoxelPose, or that MMPose 0.x cannot have, and what the errors say."""

import pytest
import torch
from errors import fails

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.models import VoxelPose
from mmpose_ours.models.voxelpose.config_0x import read_stock_model
from mmpose_ours.models.voxelpose.convert import anatomy, to_0x, to_ours
from mmpose_ours.models.voxelpose.published import SHORTCUT
from mmpose_ours.text import arguments_as_options

FRONT = 'human_detector.net.front_layers.0.block.conv.weight'


@pytest.fixture(scope='module')
def state():
    small = dict(bins=(8, 8, 4), channels=(4, 8, 16, 32))
    pose = dict(bins=(8, 8, 8), channels=(4, 8, 16, 32), shortcut=False)
    return VoxelPose(heatmap_size=(24, 16), center=small, pose=pose).state_dict()


def test_weights_of_another_model():
    with fails(InputError, code='checkpoint', found=None):
        anatomy({'w': torch.ones(1)})


def test_weights_of_a_part(state):
    lost = [key for key in state if 'encoder_decoder.mid_res' in key and 'tracked' not in key]
    with fails(InputError, code='checkpoint', expected=lost):
        to_ours({key: value for key, value in state.items() if key not in lost})


def test_nobody_knows_of_a_shortcut(state):
    with fails(InputError, code='missing-value') as caught:
        to_0x(state)
    assert 'config=' in str(caught.value)  # how to say it is spelt as the caller gives it
    with arguments_as_options(), fails(InputError, code='missing-value') as caught:
        to_0x(state)
    assert '--config' in str(caught.value)


def test_a_shortcut_is_more_than_0x_has(state):
    with fails(InputError, code='cannot-express'):
        to_0x({**state, SHORTCUT: torch.tensor(True)})


def test_a_config_of_another_model(tmp_path):
    path = tmp_path / 'other.py'
    path.write_text("model = dict(type='TopDown')\n")
    found = dict(found='TopDown', expected='DetectAndRegress')
    with fails(FileFormatError, code='file-format', file=path, **found):
        read_stock_model(path)
