"""Stock's own VoxelPose configs, and ours of the same name: the same model, the same weights."""

import hashlib
from pathlib import Path

import mmcv
import pytest
import torch
from mmcv.runner import save_checkpoint
from mmengine.config import Config
from mmengine.registry import DefaultScope, init_default_scope
from mmpose.models import build_posenet
from stock_models import reference

import mmpose_ours.models  # noqa: F401  makes the models known
from mmpose_ours.apis.model_runner import load_model
from mmpose_ours.checkpoints.model_zoo import CONFIG_OF
from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.io.package_files import share

STOCK = Path(reference.CONFIGS)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope(None):
        init_default_scope('mmpose_ours')
        yield


def our_config(name):
    return Config.fromfile(share('configs').parent / CONFIG_OF[name].format(name))


def stock_config(name):
    return mmcv.Config.fromfile(next(STOCK.glob(f'*/{name}.py')))


def test_every_config_in_the_zoo_has_one_here():
    assert {path.stem for path in STOCK.glob('*/*.py')} == set(CONFIG_OF)


@pytest.mark.parametrize('name', CONFIG_OF)
def test_settings_are_those_of_stock(name):
    stock, ours = stock_config(name), our_config(name)
    detector, regressor = stock.model.human_detector, stock.model.pose_regressor
    model = ours.model
    space = ours.test_dataloader.dataset.space
    assert tuple(model.heatmap_size) == tuple(detector.heatmap_size)
    assert model.data_preprocessor.heatmap_size == model.heatmap_size
    assert tuple(model.center.bins) == tuple(detector.cube_size)
    assert model.center.max_people == detector.center_head.max_num
    assert model.center_threshold == detector.test_cfg.center_threshold
    assert tuple(model.pose.bins) == tuple(regressor.sub_cube_size)
    assert [model.pose.size_mm] * 3 == list(regressor.sub_space_size)
    assert (model.pose.beta, model.pose.shortcut) == (regressor.pose_head.beta, False)
    assert tuple(space.size_mm) == tuple(detector.space_size)
    assert tuple(space.center_mm) == tuple(detector.space_center)
    assert model.joints == {17: 'coco17', 15: 'panoptic15'}[stock.num_joints]
    drawn = [
        step
        for steps in stock.test_pipeline
        for step in steps.get('pipeline', [])
        if step['type'] == 'GenerateInputHeatmaps'
    ]
    assert ('backbone' in model) == (not drawn)
    assert all(
        (step.sigma, step.base_size) == (model.data_preprocessor.sigma, 96) for step in drawn
    )


@pytest.mark.parametrize('name', CONFIG_OF)
def test_a_checkpoint_as_published_loads_by_its_name(name, tmp_path):
    """Written by stock, without the optimizer and in torch's old format, as publish_model.py."""
    config = stock_config(name)
    config.model.pretrained = None
    stock = build_posenet(config.model)
    save_checkpoint(stock, str(tmp_path / 'epoch_1.pth'), meta=dict(config=config.text))
    checkpoint = torch.load(tmp_path / 'epoch_1.pth')
    plain = tmp_path / 'plain.pth'
    torch.save(checkpoint, plain, _use_new_zipfile_serialization=False)
    digits = hashlib.sha256(plain.read_bytes()).hexdigest()[:8]
    published = plain.rename(tmp_path / f'{name}-{digits}_20220323.pth')
    model = load_model(our_config(name), published, 'cpu')
    state = read_checkpoint(published, map_location='cpu')['state_dict']
    # Strict: nothing of stock's is left over but the space, and nothing of ours is missing.
    model.load_state_dict(state, strict=True)
    wanted = {key: value for key, value in state.items() if '.center_head.' not in key}
    assert wanted.keys() == model.state_dict().keys()
    assert all(torch.equal(wanted[key], value) for key, value in model.state_dict().items())
