"""The fast model: its images, its joints, losses, results, checkpoints."""

import numpy as np
import pytest
import torch
from errors import fails
from mmengine.config import Config
from mmengine.registry import DefaultScope
from model_rigs import SPACE, batch, ring

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.models import FasterVoxelPose
from mmpose_ours.models.association.rays import RayPreprocessor, Rays
from mmpose_ours.models.faster_voxelpose.planes import (
    PLANES,
    RAY_SIGMA_MM,
    PlaneRegressor,
    draw_planes,
)
from mmpose_ours.scope import MODELS
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise

SMALL = dict(bins=12, channels=(8, 8, 12))


def small_model(**changes) -> FasterVoxelPose:
    """The same weights every time, the last layer's included."""
    torch.manual_seed(0)
    model = FasterVoxelPose(**{'pose': SMALL, 'score_threshold': 0.0, **changes})
    torch.nn.init.normal_(model.pose_regressor.net.out.weight, std=0.05)
    return model


def losses(model, data):
    return model(**model.data_preprocessor(data, True), mode='loss')


def predict(model, data):
    model.eval()
    with torch.no_grad():
        return model.test_step(data)


def some_rays(people: int = 2, views: int = 3, joints: int = 4) -> Rays:
    """Rays that pass the middle at up to half a metre."""
    g = torch.Generator().manual_seed(0)
    origins = 4000 * torch.nn.functional.normalize(
        torch.randn(people, views, 3, generator=g), dim=-1
    )
    target = 500 * torch.randn(people, views, joints, 3, generator=g)
    directions = torch.nn.functional.normalize(target - origins[:, :, None], dim=-1)
    weights = torch.rand(people, views, joints, generator=g)
    return Rays(origins.double(), directions.double(), weights.double())


def test_planes_are_the_brightest_voxels_of_a_volume():
    """Each view's volume, drawn voxel by voxel and looked at along an axis."""
    rays, half, bins = some_rays(), 600.0, 7
    planes = draw_planes(rays, half, bins)
    axis = torch.linspace(-half, half, bins).double()
    deep = torch.linspace(-20 * half, 20 * half, 6001).double()  # lines have no end
    for plane, (first, second) in enumerate(PLANES):
        grid = torch.zeros(bins, bins, len(deep), 3).double()
        grid[..., first], grid[..., second] = axis[:, None, None], axis[:, None]
        grid[..., 3 - first - second] = deep
        away = grid[:, :, :, None, None, None] - rays.origins[:, :, None]  # (S, S, D, N, V, 1, 3)
        along = (away * rays.directions).sum(-1, keepdim=True)
        distance2 = (away - along * rays.directions).square().sum(-1).amin(2)
        expected = (torch.exp(-0.5 / RAY_SIGMA_MM**2 * distance2) * rays.weights).sum(3)
        torch.testing.assert_close(
            planes[:, plane], expected.permute(2, 3, 0, 1), atol=2e-3, rtol=0
        )


def test_untrained_joints_are_triangulated_from_perfect_rays():
    data = batch([ring(5)], people=3)
    result = predict(small_model(), data)[0]
    truth = result.gt_instances.keypoints_3d
    error = (result.pred_instances.keypoints_3d[:, None] - truth).norm(dim=-1)
    # A joint that fewer than two cameras see cannot be determined without learning.
    assert len(error) == 3 and error.median(-1).values.amin(0).max() < 60


def test_joints_do_not_depend_on_where_people_stand_and_face():
    """Cameras and people turned and moved together are the same to the net."""
    model = small_model().eval()
    rays = model.data_preprocessor(batch([ring(4)], people=2))['inputs']['rays']
    angle, shift = torch.tensor(1.1), torch.tensor([700.0, -300.0, 90.0])
    turn = torch.tensor([[angle.cos(), -angle.sin(), 0], [angle.sin(), angle.cos(), 0], [0, 0, 1]])
    origins = (rays.origins + shift) @ turn.T
    moved = Rays(origins, rays.directions @ turn.T, rays.weights)
    with torch.no_grad():
        before, _, score = model(dict(rays=rays), [])
        after, _, moved_score = model(dict(rays=moved), [])
    expected = (before + shift) @ turn.T
    # People of perfect detections agree equally well, so that rounding decides who comes first.
    order, moved_order = (poses.mean((1, 2)).argsort() for poses in (expected, after))
    torch.testing.assert_close(after[moved_order], expected[order], atol=0.5, rtol=0)
    torch.testing.assert_close(moved_score[moved_order], score[order], atol=1e-2, rtol=0)


def test_hips_that_nobody_sees_are_guessed_from_the_rest():
    data = batch([ring(4)], people=1)
    regressor = PlaneRegressor(SKELETONS['coco17'], **SMALL)
    hips = SKELETONS['coco17'].index('left_hip', 'right_hip')
    centers = []
    for hidden in ([], hips):
        data['inputs']['keypoints'][0][:, :, hidden] = 0.0
        rays = RayPreprocessor()(data)['inputs']['rays']
        one = Rays(rays.origins, rays.directions[:, :, 0], rays.weights[:, :, 0])
        centers.append(regressor.person_frame(one)[0])
    truth = data['data_samples'][0].gt_instances.keypoints_3d[0, hips].mean(0)
    truth = truth - torch.tensor(SPACE.center_mm)
    assert (centers[0] - truth).norm() < 5 and (centers[1] - truth).norm() < 350


def train(model, data, steps: int) -> list[dict]:
    """Losses of every step."""
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    history = []
    for _ in range(steps):
        loss = losses(model, data)
        history.append({key: value.item() for key, value in loss.items()})
        optimiser.zero_grad()
        sum(loss.values()).backward()
        optimiser.step()
    return history


def test_a_few_steps_lower_the_losses():
    history = train(small_model(), batch([ring(4)] * 4, people=3, faults=DetectorNoise()), 30)
    assert set(history[0]) == {'loss_pose', 'loss_network', 'loss_score'}
    for key in ('loss_pose', 'loss_network'):
        assert history[-1][key] < 0.85 * history[0][key], key


def test_scores_learn_to_tell_people_from_false_positives():
    model = small_model()
    data = batch([ring(4)] * 4, people=2, faults=DetectorNoise(false_positive_rate=8.0))
    history = train(model, data, 40)
    assert history[0]['loss_score'] > 0.3 > 0.1 > history[-1]['loss_score']


def matched(proposals, instances, data):
    """What the loss makes of proposals, in the first sample, relative to its space."""
    data['data_samples'][0].gt_instances = instances
    sample = torch.zeros(len(proposals), dtype=torch.long)
    return small_model()._match(proposals, sample, data['data_samples'])


def test_a_proposal_that_is_nobody_or_a_second_time_somebody_is_no_person():
    data = batch([ring(4)], people=2)
    instances = data['data_samples'][0].gt_instances
    poses = instances.keypoints_3d - torch.tensor(SPACE.center_mm)
    proposals = torch.cat([poses + 100, poses[:1], poses[:1] + 1000])
    truth, visible, match, first = matched(proposals, instances, data)
    assert match.tolist() == [True, True, True, False]
    assert first.tolist() == [0, 1, 1, 0]
    torch.testing.assert_close(truth[2], poses[0])
    assert visible.all()


@pytest.mark.parametrize('proposed', [0, 1])
def test_somebody_whom_nobody_proposed_makes_no_false_positive_of_another(proposed):
    data = batch([ring(4)], people=2)
    instances = data['data_samples'][0].gt_instances
    poses = instances.keypoints_3d - torch.tensor(SPACE.center_mm)
    _, _, match, first = matched(poses[proposed : proposed + 1], instances, data)
    assert match.tolist() == [True] and first.tolist() == [1]


def test_joints_that_nobody_knows_teach_nothing():
    """NaN where the truth is unknown, and people of whom nothing is known."""
    model, data = small_model(), batch([ring(4)], people=2)
    expected = losses(model, data)
    instances = data['data_samples'][0].gt_instances
    nobody = instances[:1].new()
    nobody.keypoints_3d = torch.full((1, 17, 3), torch.nan)
    nobody.visible = torch.zeros(1, 17, dtype=torch.bool)
    data['data_samples'][0].gt_instances = instances.cat([nobody, instances])
    for key, loss in losses(model, data).items():
        torch.testing.assert_close(loss, expected[key])
    data['data_samples'][0].gt_instances.keypoints_3d[1, 3] = torch.nan
    data['data_samples'][0].gt_instances.visible[1, 3] = False
    assert all(loss.isfinite() for loss in losses(model, data).values())


@pytest.mark.parametrize('nobody', ['detected', 'there'])
def test_no_person_gives_the_same_losses_with_gradients_everywhere(nobody):
    model, data = small_model(), batch([ring()])
    if nobody == 'detected':
        data['inputs']['keypoints'][0] = data['inputs']['keypoints'][0][:, :0]
    else:
        instances = data['data_samples'][0].gt_instances
        data['data_samples'][0].gt_instances = instances[torch.zeros(len(instances)).bool()]
    loss = losses(model, data)
    assert set(loss) == {'loss_pose', 'loss_network', 'loss_score'} and loss['loss_pose'] == 0
    sum(loss.values()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_nobody_found_is_an_empty_result():
    model, data = small_model(), batch([ring()])
    data['inputs']['keypoints'][0] = data['inputs']['keypoints'][0][:, :0]
    result = predict(model, data)[0].pred_instances
    assert result.keypoints_3d.shape == (0, 17, 3) and result.scores.shape == (0,)
    strict = predict(small_model(score_threshold=1.0), batch([ring()]))[0].pred_instances
    assert len(strict.scores) == 0


def test_rigs_of_different_size_and_lens_share_a_batch():
    fov = tuple(
        Camera(c.name, c.K / [[2], [2], [1]], c.R_w2c, c.t_w2c, c.size, (0.9,), 'fov')
        for c in ring(4)
    )
    rigs = [ring(3), CameraRig(fov), ring(5)]
    model, data = small_model(), batch(rigs)
    together = [s.pred_instances.keypoints_3d.clone() for s in predict(model, data)]
    for index, poses in enumerate(together):
        one = dict(
            inputs=dict(keypoints=data['inputs']['keypoints'][index : index + 1]),
            data_samples=data['data_samples'][index : index + 1],
        )
        alone = predict(model, one)[0].pred_instances.keypoints_3d
        assert len(poses) == 2
        torch.testing.assert_close(alone, poses, atol=0.1, rtol=0)


def test_people_outside_the_space_are_left_out():
    data = batch([ring()], people=3)
    middle = data['data_samples'][0].gt_instances.keypoints_3d[0, 11:13].mean(0)
    small = CaptureVolume(middle.tolist(), (800, 800, 800))
    for margin_mm, count in ((0.0, 1), (float('inf'), 3)):
        data['data_samples'][0].set_metainfo(dict(space=small))
        found = predict(small_model(margin_mm=margin_mm), data)[0].pred_instances
        assert len(found.scores) == count
        assert (found.keypoints_3d[:, 11:13].mean(1) - middle).norm(dim=-1).min() < 80


def test_the_lower_scored_duplicate_is_dropped():
    merged = predict(small_model(duplicate_mm=1e9), batch([ring()], people=3))[0].pred_instances
    assert len(merged.scores) == 1


def test_bfloat16_keeps_what_the_net_says():
    model = small_model().eval()
    torch.nn.init.normal_(model.pose_regressor.net.out.weight, std=0.5)
    rays = model.data_preprocessor(batch([ring(5)], people=2))['inputs']['rays']
    with torch.no_grad():
        _, network_poses, logits = model(dict(rays=rays), [])
        with torch.autocast('cpu', torch.bfloat16):
            rough = model(dict(rays=rays), [])
    assert all(part.dtype == torch.float32 for part in rough)
    assert (rough[1] - network_poses).norm(dim=-1).max() < 10
    assert (rough[2] - logits).abs().max() < 0.1
    # The net is not idle: without it predictions are elsewhere.
    model.pose_regressor.net.out.weight.data.zero_()
    with torch.no_grad():
        idle = model(dict(rays=rays), [])[1]
    assert (idle - network_poses).norm(dim=-1).median() > 10


def test_builds_without_a_scope():
    with DefaultScope.overwrite_default_scope(None):
        assert isinstance(FasterVoxelPose().data_preprocessor, RayPreprocessor)


def test_keypoints_of_another_skeleton_are_refused():
    with fails(InputError, code='wrong-shape', found=17, expected=15):
        predict(small_model(joints='panoptic15'), batch([ring()]))


def test_weights_hold_no_geometry():
    """The same weights for any rig, space, and joint of the body."""
    state = small_model().state_dict()
    assert all('height' not in key and 'mean' not in key for key in state)
    assert sum(value.numel() for value in state.values()) == sum(
        parameter.numel() for parameter in small_model().parameters()
    )


@pytest.mark.parametrize('joints', ['coco17', 'panoptic15', 'body25', 'campus14'])
def test_every_skeleton_that_has_hips_and_shoulders(joints):
    regressor = PlaneRegressor(SKELETONS[joints], **SMALL)
    rays = some_rays(joints=len(SKELETONS[joints]))
    rays = Rays(*(part.float() for part in vars(rays).values()))
    poses, network_poses, score = regressor(rays)
    assert poses.shape == network_poses.shape == (2, len(SKELETONS[joints]), 3)
    assert poses.isfinite().all() and score.shape == (2,)


def test_planes_that_cannot_be_halved_twice_are_refused():
    with fails(InputError, code='out-of-range', found=18):
        small_model(pose=dict(bins=18))


def test_the_config_builds_the_model():
    config = Config.fromfile('configs/ours/faster_voxelpose_ours.py')
    model = MODELS.build(config.model).eval()
    assert isinstance(model, FasterVoxelPose)
    data = batch([ring(4)], people=2)
    result = predict(model, data)
    assert isinstance(result[0], MultiviewDataSample)
    assert np.isfinite(result[0].pred_instances.keypoints_3d.numpy()).all()
