"""Checkpoints of VoxelPose from MMPose 0.x and back, and all that is none.

Weights here have stock's names and shapes (tests/stock_reference); tests/mmpose0x has those that
stock itself wrote, and compares joints.
"""

import hashlib

import numpy as np
import pytest
import torch
from mmengine.runner import load_checkpoint

from mmpose_ours.cli.main import main
from mmpose_ours.errors import FileFormatError
from mmpose_ours.models import FasterVoxelPose, VoxelPose
from mmpose_ours.models.voxelpose.published import CENTER_HEAD, geometry

STOCK_CONFIG = """
center_head = dict(type='CuboidCenterHead', space_size=[6000, 5000, 2000],
                   space_center=[0, -500, 900.5], cube_size=[24, 20, 8], max_num=10)
net = dict(type='V2VNet', input_channels=17, output_channels=17, mid_channels=4)
model = dict(
    type='DetectAndRegress', backbone=None,
    human_detector=dict(center_head=center_head, center_net=net),
    pose_regressor=dict(num_joints=17, sub_cube_size=[16, 16, 16], pose_net=net,
                        pose_head=dict(type='CuboidPoseHead', beta=100.0)))
"""
OUR_CONFIG = """
default_scope = 'mmpose_ours'
model = dict(
    type='VoxelPose', data_preprocessor=dict(type='MultiviewDataPreprocessor'),
    center=dict(bins=(24, 20, 8), channels=(2, 4, 8, 16)),
    pose=dict(bins=(16, 16, 16), channels=(2, 4, 8, 16), shortcut={shortcut}, beta={beta}))
"""


def voxelpose(joints='coco17', net=None, **pose):
    net = net or dict(channels=(2, 4, 8, 16))
    return VoxelPose(joints=joints, center=net, pose={**net, **pose})


def stock_state(**options):
    """As 0.x keeps it: our names, and the space of the rig that it learned in."""
    state = voxelpose(**options).state_dict()
    return {**state, **geometry((3000.0, 4500.0, 1000.0), (12000, 12000, 2000), (80, 80, 20))}


def write(path, content):
    torch.save(content, path)
    return str(path)


def convert(*words):
    return main(['convert-checkpoint', *map(str, words)])


@pytest.fixture
def configs(tmp_path):
    stock, plain, short = (tmp_path / f'{name}.py' for name in ('stock', 'plain', 'short'))
    stock.write_text(STOCK_CONFIG)
    plain.write_text(OUR_CONFIG.format(shortcut=False, beta=100.0))
    short.write_text(OUR_CONFIG.format(shortcut=True, beta=20.0))
    return stock, plain, short


def test_there_and_back_keeps_every_weight_and_no_space(tmp_path, configs, capsys):
    state = stock_state()
    wrapped = {f'module.{key}': value for key, value in state.items()}
    meta = dict(epoch=3, hook_msgs=dict(best_score=np.float64(0.5)), score=np.float64(0.25))
    first = write(tmp_path / 'in.pth', dict(state_dict=wrapped, optimizer={}, meta=meta))
    ours, back = tmp_path / 'ours.pth', tmp_path / 'back.pth'
    assert convert(first, ours, '--to', '1x') == 0
    said = capsys.readouterr().out
    assert 'VoxelPose of MMPose 0.x, 17 joints (coco17), sees heatmaps' in said
    assert f'renamed  {len(state)} entries' in said
    assert '12000 x 12000 x 2000 mm around (3000, 4500, 1000), 80 x 80 x 20 voxels' in said
    assert 'dropped  optimizer' in said and 'missing  nothing' in said

    read = torch.load(ours, weights_only=True)
    assert read['meta'] == dict(epoch=3, score=0.25)
    assert not any(CENTER_HEAD in key for key in read['state_dict'])
    model = voxelpose()
    model.load_state_dict(read['state_dict'], strict=True)
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())

    assert convert(ours, back, '--to', '0x', '--target', configs[0]) == 0
    again = torch.load(back, weights_only=True)['state_dict']
    assert again.keys() == state.keys()
    assert again[CENTER_HEAD + 'grid_center'].tolist() == [0, -500, 900.5]
    assert again[CENTER_HEAD + 'cube_size'].tolist() == [24, 20, 8]
    assert all(torch.equal(again[key], state[key]) for key in state if CENTER_HEAD not in key)


def test_a_published_checkpoint_never_runs_behind_a_shortcut(tmp_path):
    """All its weights would fit, as it comes and converted."""
    first = write(tmp_path / 'in.pth', dict(state_dict=stock_state()))
    assert convert(first, tmp_path / 'ours.pth', '--to', '1x') == 0
    for path in (first, str(tmp_path / 'ours.pth')):
        load_checkpoint(voxelpose(), path, strict=True)
        # The hint is what is tested: where to read on, and the setting.
        with pytest.raises(FileFormatError, match=r'docs/checkpoints\.md.*pose\.shortcut=False'):
            load_checkpoint(voxelpose(shortcut=True), path)


def test_ours_goes_to_0x_only_where_that_means_the_same(tmp_path, configs, capsys):
    stock, plain, short = configs
    ours = write(tmp_path / 'ours.pth', voxelpose().state_dict())
    out = tmp_path / 'out.pth'
    for config, said in ((None, 'name the config'), (short, 'learned with a shortcut')):
        words = [] if config is None else ['--config', config]
        assert convert(ours, out, '--to', '0x', *words) == 2
        assert said in capsys.readouterr().err
    assert not out.exists()
    assert convert(ours, out, '--to', '0x', '--config', plain) == 0
    assert 'missing keys' in capsys.readouterr().out  # what stock will say
    assert (
        torch.load(out, weights_only=True)['state_dict'].keys() == voxelpose().state_dict().keys()
    )

    stock.write_text(STOCK_CONFIG.replace('beta=100.0', 'beta=50.0'))
    assert convert(ours, out, '--to', '0x', '--config', plain, '--target', stock) == 2
    assert 'beta: 100.0 here, but 50.0 in' in capsys.readouterr().err
    stock.write_text(STOCK_CONFIG.replace('mid_channels=4', 'mid_channels=32'))
    assert convert(ours, out, '--to', '0x', '--config', plain, '--target', stock) == 2
    assert 'mid_channels of the center net: 4 here, but 32 in' in capsys.readouterr().err

    narrow = voxelpose(net=dict(channels=(2, 4, 6, 8), front_kernel=3)).state_dict()
    narrow['pose_regressor.shortcut'] = torch.tensor(False)
    assert convert(write(tmp_path / 'narrow.pth', narrow), out, '--to', '0x') == 2
    assert 'which MMPose 0.x cannot build' in capsys.readouterr().err


@pytest.mark.parametrize('joints', ['panoptic15', 'panoptic19', 'campus14', 'coco17'])
def test_the_skeleton_is_recognised_by_the_shapes(tmp_path, joints, capsys):
    first = write(tmp_path / 'in.pth', stock_state(joints=joints))
    assert convert(first, tmp_path / 'out.pth', '--to', '1x') == 0
    assert f'joints ({joints})' in capsys.readouterr().out


def test_an_image_model_is_distinguished_from_one_of_heatmaps(tmp_path, capsys):
    backbone = dict(type='PoseResNet', num_joints=17, width=4, deconv_filters=(4, 4, 4))
    net = dict(channels=(2, 4, 8, 16))
    state = VoxelPose(center=net, pose=net, backbone=backbone).state_dict()
    assert convert(write(tmp_path / 'in.pth', state), tmp_path / 'out.pth', '--to', '1x') == 0
    assert 'sees images (ResNet-50)' in capsys.readouterr().out


def test_what_is_no_voxelpose_is_refused_by_what_it_is(tmp_path, capsys):
    whole = write(tmp_path / 'whole.pth', dict(state_dict=stock_state()))
    content = (tmp_path / 'whole.pth').read_bytes()
    part = {key: value for key, value in stock_state().items() if 'output_layer' not in key}
    (tmp_path / 'page.pth').write_text('\n<!DOCTYPE html><html><body>404</body></html>')
    (tmp_path / 'cut.pth').write_bytes(content[: len(content) // 2])
    (tmp_path / 'empty.pth').write_bytes(b'')
    digits = hashlib.sha256(content).hexdigest()[:8]
    good = tmp_path / f'voxelpose-{digits}_20220323.pth'
    good.write_bytes(content)
    (tmp_path / 'voxelpose-0badc0de_20220323.pth').write_bytes(content)
    odd = {**stock_state(), 'pose_regressor.pose_net.output_layer.bias': torch.zeros(3)}
    cases = {
        write(tmp_path / 'fast.pth', FasterVoxelPose().state_dict()): 'not the weights of a Voxel',
        write(tmp_path / 'part.pth', part): "missing, the first is 'human_detector.center_net.out",
        write(tmp_path / 'odd.pth', odd): 'has the shape (3,), expected (17,)',
        write(tmp_path / 'list.pth', [1, 2]): 'holds a list, expected weights by name',
        write(tmp_path / 'run.pth', dict(epoch=1, lr=0.1)): "a dictionary of 'epoch', 'lr'",
        tmp_path / 'page.pth': 'a web page',
        tmp_path / 'cut.pth': 'no whole checkpoint',
        tmp_path / 'empty.pth': 'an empty file',
        tmp_path / 'voxelpose-0badc0de_20220323.pth': f'begins with {digits}, expected 0badc0de',
        tmp_path: 'a folder, expected a checkpoint file',
        tmp_path / 'gone.pth': 'no such file',
    }
    for path, said in cases.items():
        assert convert(path, tmp_path / 'out.pth', '--to', '1x') == 2, path
        error = capsys.readouterr().err
        assert said in error and str(path) in error and 'Traceback' not in error, error
        assert not (tmp_path / 'out.pth').exists()
    assert convert(whole, whole, '--to', '1x') == 2
    assert 'are the same' in capsys.readouterr().err
    assert convert(good, tmp_path / 'out.pth', '--to', '1x') == 0
