"""The learned prior: before training, in training, and with the pretrained weights."""

import dataclasses

import numpy as np
import pytest
import torch
from mmengine.runner import load_checkpoint
from model_rigs import SPACE, batch, ring

from mmpose_ours.datasets import RandomRigsDataset
from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.kernels.constants import NUM_PERSON_INPUTS
from mmpose_ours.models import KeypointPrior, TriangulatePose
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.model import MATCH_MM
from mmpose_ours.synthetic import DetectorNoise

SMALL = dict(width=32, layers=1, heads=2)
PRETRAINED = 'mmpose-ours://keypoint_prior'
FOUND_MM = 500.0


def small_model(**changes) -> KeypointPrior:
    torch.manual_seed(0)
    return KeypointPrior(**{'net': SMALL, 'score_threshold': 0.0, **changes})


def losses(model, data):
    return model(**model.data_preprocessor(data, True), mode='loss')


def predict(model, data):
    with torch.no_grad():
        return model.eval().test_step(data)


def people_of(result) -> torch.Tensor:
    return result.pred_instances.keypoints_3d


def test_untrained_it_is_triangulation():
    data = batch([ring(5), ring(3)], people=3)
    model = small_model(single_views=False)
    for ours, plain in zip(predict(model, data), predict(TriangulatePose(), data)):
        distance = (people_of(ours)[:, None] - people_of(plain)).norm(dim=-1).mean(-1)
        assert distance.shape == (3, 3) and distance.amin(1).max() < 15


@pytest.mark.parametrize('kind', [KeypointPrior, TriangulatePose])
def test_autocast_leaves_geometry_alone(kind):
    torch.manual_seed(0)
    model = kind().eval()
    expected = people_of(predict(model, batch([ring(4)], people=2))[0])
    with torch.autocast('cpu', dtype=torch.bfloat16):
        result = people_of(predict(model, batch([ring(4)], people=2))[0])
    torch.testing.assert_close(result, expected, atol=0.1, rtol=0)


def test_all_parameters_learn():
    model = small_model()
    torch.nn.init.normal_(model.net.to_joint.weight, std=0.1)
    torch.nn.init.normal_(model.net.to_score.weight, std=0.1)
    model.train()
    sum(losses(model, batch([ring(4)] * 4, people=3, faults=DetectorNoise())).values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_learns_a_batch_by_heart():
    model = small_model(forget_views=0.0)
    data = batch([ring(3)] * 4, people=3, faults=DetectorNoise(jitter=1.0))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    model.train()
    values = []
    for _ in range(60):
        loss = losses(model, data)
        optimizer.zero_grad()
        sum(loss.values()).backward()
        optimizer.step()
        values.append({name: value.item() for name, value in loss.items()})
    assert values[-1]['loss_pose'] < 0.8 * values[0]['loss_pose']
    assert values[-1]['loss_score'] < 0.5 * values[0]['loss_score']


def test_people_are_matched_by_their_rays():
    """By the distance of their rays, however wrong the estimated depth."""
    model = small_model()
    data = model.data_preprocessor(batch([ring(3)], people=3), True)
    rays, samples = data['inputs']['rays'], data['data_samples']
    found = model.finder(rays, torch.full((1,), -SPACE.center_mm[2]))
    far_off = found.estimates.poses + 3000.0
    truth, visible, matched, first = model._match(found, far_off, samples)
    assert matched.all() and visible.all() and not first.any()
    assert (truth - found.estimates.poses).norm(dim=-1).mean() < MATCH_MM
    assert model._match(found, found.estimates.poses, samples)[3].all()
    moved = found.rays.transformed(torch.full((3, 3), 900.0), torch.eye(3).repeat(3, 1, 1))
    unmatched = dataclasses.replace(found, rays=moved)
    assert not model._match(unmatched, found.estimates.poses, samples)[2].any()


def test_dropping_views_leaves_at_least_one_view():
    model = small_model(forget_views=1.0)
    data = model.data_preprocessor(batch([ring(4)] * 8, people=3), True)
    floor = torch.full((8,), -SPACE.center_mm[2])
    found = model.finder(data['inputs']['rays'], floor)
    exists = torch.ones_like(found.detections, dtype=torch.bool)
    less, left = model._drop_views(found, exists)
    views = (less.detections >= 0).sum(1)
    assert views.min() == 1 and set(views.tolist()) == {1, 2, 3, 4}
    assert (left == (less.detections >= 0)).all()
    assert ((less.rays.weights > 0).any(-1) == (less.detections >= 0)).all()


def test_views_that_should_show_somebody_are_passed_to_the_net():
    model = small_model()
    data = batch([ring(3)], people=1)
    data['inputs']['keypoints'][0][2] = 0.0
    data = model.data_preprocessor(data, False)
    found = model.finder(data['inputs']['rays'], torch.full((1,), -SPACE.center_mm[2]))
    exists = torch.ones_like(found.detections, dtype=torch.bool)
    features = model._person_inputs(found, exists, data['data_samples'])
    without = model._person_inputs(found, exists & (found.detections >= 0), data['data_samples'])
    assert features.shape == (1, NUM_PERSON_INPUTS)
    assert features[0, 5] > 0.8 and without[0, 5] == 0


def test_nobody_there_costs_no_gradient():
    model = small_model()
    rays = Rays(torch.zeros(1, 3, 3), torch.zeros(1, 3, 1, 17, 3), torch.zeros(1, 3, 1, 17))
    sample = MultiviewDataSample(metainfo=dict(rig=ring(3), space=SPACE))
    loss = model(dict(rays=rays), [sample], mode='loss')
    sum(loss.values()).backward()
    assert all(parameter.grad.abs().max() == 0 for parameter in model.parameters())
    result = model(dict(rays=rays), [sample], mode='predict')[0].pred_instances
    assert result.keypoints_3d.shape == (0, 17, 3) and result.views.shape == (0,)


@pytest.fixture(scope='module')
def unseen():
    """Frames of sites that no training has seen."""
    return RandomRigsDataset(num_samples=96, seed=12345, items_per_site=4)


def figures(model, dataset) -> tuple[np.ndarray, float]:
    """Mean error in mm of each person's nearest result, and false positives per frame."""
    false_positives, errors = 0, []
    for item in dataset:
        data = dict(
            inputs=dict(keypoints=[item['inputs']['keypoints']]),
            data_samples=[item['data_samples']],
        )
        result = predict(model, data)[0]
        truth, poses = result.gt_instances.keypoints_3d, people_of(result)
        distance = (poses[:, None] - truth).norm(dim=-1).mean(-1)
        distance = torch.cat([distance, torch.full((1, len(truth)), torch.inf)])
        errors += distance.amin(0).tolist()
        false_positives += (
            int((distance[:-1].amin(1) > FOUND_MM).sum()) if len(truth) else len(poses)
        )
    return np.array(errors), false_positives / len(dataset)


def test_the_pretrained_weights_generalise_to_rigs_outside_the_training_set(unseen):
    model = KeypointPrior()
    load_checkpoint(model, PRETRAINED, strict=True)
    learned, false_positives = figures(model, unseen)
    plain, _ = figures(TriangulatePose(), unseen)
    lifted, lifted_false_positives = figures(TriangulatePose(single_views=True), unseen)
    # Far more people than two views show, and few of them false positives.
    assert (learned < FOUND_MM).mean() > (plain < FOUND_MM).mean() + 0.05
    assert (learned < FOUND_MM).mean() > (lifted < FOUND_MM).mean()
    assert false_positives < 0.5 * lifted_false_positives
    # Those whom triangulation finds are found at least as well.
    both = (learned < FOUND_MM) & (plain < FOUND_MM)
    assert learned[both].mean() < 1.02 * plain[both].mean()


def test_the_reported_standard_deviation_is_that_of_the_errors(unseen):
    model = KeypointPrior()
    load_checkpoint(model, PRETRAINED, strict=True)
    errors, reported = [], []
    for item in unseen:
        data = dict(
            inputs=dict(keypoints=[item['inputs']['keypoints']]),
            data_samples=[item['data_samples']],
        )
        result = predict(model, data)[0]
        poses, std_mm = people_of(result), result.pred_instances.spread_mm
        if len(poses) and len(result.gt_instances):
            apart = (poses[:, None] - result.gt_instances.keypoints_3d).norm(dim=-1)
            whom = apart.mean(-1).argmin(1)
            near = apart[torch.arange(len(poses)), whom]
            good = near.mean(-1) < FOUND_MM
            errors.append(near[good].flatten())
            reported.append(std_mm[good].flatten())
    ratio = (
        torch.cat(errors).square().mean().sqrt() / (3 * torch.cat(reported).square().mean()).sqrt()
    )
    assert 0.6 < ratio < 1.6
