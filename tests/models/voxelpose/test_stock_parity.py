"""VoxelPose against the stock one of MMPose 0.29, whose arrays lie in tests/stock_reference."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.models import PoseResNet, VoxelPose

REFERENCE = Path(__file__).resolve().parents[2] / 'stock_reference'


def _recipe():
    spec = importlib.util.spec_from_file_location('stock_recipe', REFERENCE / 'recipe.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recipe = _recipe()


@pytest.fixture(scope='module')
def stock():
    return np.load(REFERENCE / 'voxelpose.npz')


@pytest.fixture(scope='module')
def rig():
    return CameraRig(tuple(Camera(**camera) for camera in recipe.reference_rig()))


def stock_checkpoint(arrays):
    """A state dict with stock's own keys and shapes, its rig's space included."""
    state = {}
    for key, shape in zip(arrays['state_keys'], arrays['state_shapes']):
        shape = tuple(int(n) for n in shape.split('x')) if shape else ()
        if recipe.is_learned(key):
            state[str(key)] = torch.from_numpy(np.asarray(recipe.reference_weight(key, shape)))
        else:
            state[str(key)] = torch.full(shape, 12345.0)
    return state


@pytest.fixture(scope='module')
def model(stock):
    model = VoxelPose(
        heatmap_size=recipe.HEATMAP_SIZE,
        center=dict(bins=recipe.CUBE_SIZE, max_people=recipe.MAX_PEOPLE),
        pose=dict(bins=recipe.SUB_CUBE_SIZE, size_mm=recipe.SUB_SPACE_SIZE, beta=recipe.BETA),
        center_threshold=recipe.CENTER_THRESHOLD,
        duplicate_mm=0.0,
    )
    # Strict: every key of stock's is used but the space, and none of ours is missing.
    model.load_state_dict(stock_checkpoint(stock), strict=True)
    return model.eval()


@pytest.fixture(scope='module')
def sample(rig):
    space = CaptureVolume(recipe.SPACE_CENTER, recipe.SPACE_SIZE)
    return MultiviewDataSample(metainfo=dict(rig=rig, space=space, joints='coco17'))


@pytest.fixture(scope='module')
def heatmaps():
    return torch.from_numpy(recipe.reference_heatmaps())


def test_projection_equals_stock(stock, rig):
    uv, valid = rig.project(stock['pixel_points'])
    assert valid.all()
    np.testing.assert_allclose(uv, stock['pixels'], atol=2e-3)  # stock computes in float32


@torch.no_grad()
def test_coarse_volume_equals_stock(stock, model, heatmaps, sample):
    volume = model.human_detector.volume(heatmaps, sample.rig, sample.space).numpy()
    picked = volume[stock['coarse_channels']]
    np.testing.assert_allclose(picked, stock['coarse_volume'], atol=1e-4)
    np.testing.assert_allclose(volume.mean((1, 2, 3)), stock['coarse_mean'], atol=1e-5)


@torch.no_grad()
def test_root_volume_equals_stock(stock, model, heatmaps, sample):
    roots = model(dict(heatmaps=[heatmaps]), [sample], mode='tensor')[0].numpy()
    assert stock['root_volume'].std() > 0.01
    np.testing.assert_allclose(roots, stock['root_volume'], atol=1e-4)


@torch.no_grad()
def test_joints_equal_stock_for_given_roots(stock, model, heatmaps, sample):
    roots = torch.from_numpy(stock['roots']).float()
    rig = model._rig(sample, heatmaps.device)
    volumes = model.pose_regressor.volumes(heatmaps, rig, roots)
    picked = volumes[0, stock['person_channels']].numpy()
    np.testing.assert_allclose(picked, stock['person_volume'], atol=1e-4)
    joints = model.pose_regressor(volumes, roots).numpy()
    np.testing.assert_allclose(joints, stock['joints'], atol=0.1)


@torch.no_grad()
def test_people_equal_stock_from_heatmaps_to_poses(stock, model, heatmaps, sample):
    result = model(dict(heatmaps=[heatmaps]), [sample.clone()], mode='predict')[0].pred_instances
    found = stock['pose_3d'][..., 0, 3] >= 0
    assert len(result.scores) == found.sum() > 1
    np.testing.assert_allclose(
        result.keypoints_3d.numpy(), stock['pose_3d'][found][..., :3], atol=0.1
    )
    np.testing.assert_allclose(result.scores.numpy(), stock['candidates'][found, 4], atol=1e-4)


def test_a_checkpoint_of_another_rig_leaves_the_space_alone(stock, model, heatmaps, sample):
    """Stock keeps the space in the checkpoint: 12345 there must not move anybody here."""
    assert not [key for key in model.state_dict() if 'grid' in key or 'cube' in key]
    elsewhere = MultiviewDataSample(
        metainfo=dict(rig=sample.rig, space=CaptureVolume((0, 0, 900), (4000, 4000, 2000)))
    )
    with torch.no_grad():
        people = model(dict(heatmaps=[heatmaps]), [elsewhere], mode='predict')[0].pred_instances
    assert isinstance(people, InstanceData) and len(people.scores)
    roots = people.keypoints_3d.mean(1)
    assert (roots[:, :2].abs() < 3500).all()


@torch.no_grad()
def test_2d_network_equals_stock():
    arrays = np.load(REFERENCE / 'backbone.npz')
    state = {
        key[len('backbone.') :]: value
        for key, value in stock_checkpoint(arrays).items()
        if recipe.is_learned(key)
    }
    network = PoseResNet(num_joints=recipe.BACKBONE_NUM_JOINTS).eval()
    network.load_state_dict(state, strict=True)
    image = torch.from_numpy(recipe.reference_image().copy()).permute(2, 0, 1)[None] / 255.0
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (image - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    heatmaps = network(normalised)[0].numpy()
    scale = np.abs(arrays['heatmaps']).max()
    np.testing.assert_allclose(heatmaps / scale, arrays['heatmaps'] / scale, atol=1e-4)
