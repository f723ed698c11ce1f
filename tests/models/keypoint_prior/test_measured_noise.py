"""The noise of a recording: on whom it is measured, and what it makes of the spread."""

import pytest
import torch

from mmpose_ours.kernels.constants import NUM_PERSON_INPUTS
from mmpose_ours.models.association.hypotheses import Hypotheses
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import PoseEstimates
from mmpose_ours.models.keypoint_prior.measured_noise import (
    MAX_PEOPLE,
    combine,
    combined_std,
    measure_noise,
)
from mmpose_ours.models.keypoint_prior.network import KeypointNet
from mmpose_ours.structures.skeletons import COCO17


def test_people_who_take_turns_are_all_measured():
    # Two people in every frame: every second entry is the same person.
    frames, views, joints = MAX_PEOPLE, 4, len(COCO17)
    count = 2 * frames
    person = torch.arange(count) % 2
    directions = torch.zeros(count, views, joints, 3)
    directions[..., 0] = 1.0
    origins = torch.zeros(count, views, 3)
    rays = Rays(origins, directions, torch.ones(count, views, joints))
    estimates = PoseEstimates(
        torch.zeros(count, joints, 3),
        torch.ones(count, joints, 3),
        torch.zeros(count, 3),
        torch.eye(3).expand(count, 3, 3),
    )
    detections = person[:, None].expand(-1, views)
    found = Hypotheses(rays, torch.arange(count) // 2, detections, estimates)
    measured = []

    def predict(people, exists):
        measured.append(people.detections.amax(1))
        assert (people.sample.diff() >= 0).all()
        shape = (len(people), joints)
        return torch.zeros(*shape, 3), torch.ones(*shape, 1)

    noise = measure_noise(found, COCO17, list('abcd'), predict)
    assert noise.people == MAX_PEOPLE
    share = measured[0].float().mean()
    assert 0.25 < share < 0.75


def rays_of(points, count, noise_mm):
    """V rays of each point (N, J, 3) that pass it at a distance of normal noise across them."""
    angles = torch.linspace(0, 5.0, count)
    origins = 5000.0 * torch.stack([angles.cos(), angles.sin(), 0.3 + 0 * angles], -1)
    origins = origins.expand(len(points), -1, -1)
    aims = points[:, None] + noise_mm * torch.randn(len(points), count, *points.shape[1:])
    directions = torch.nn.functional.normalize(aims - origins[:, :, None], dim=-1)
    return Rays(origins, directions, torch.ones(len(points), count, points.shape[1]))


def test_standard_deviations_of_joints_are_those_of_their_errors():
    """By rays alone, and with a prior that is as good as they are."""
    torch.manual_seed(0)
    points = 300 * torch.randn(400, 17, 3)
    rays, noise = rays_of(points, 4, 20.0), torch.tensor(20.0)
    by_ray = rays.weights / noise**2
    for prior_std in (1e4, 20.0):
        prior = points + prior_std * torch.randn_like(points)
        precision = torch.full((*points.shape[:2], 1), 1 / prior_std**2)
        found = combine(rays, by_ray, prior, precision, 1e4, 3)
        std = combined_std(rays, by_ray, found, precision, torch.tensor(1e4))
        error = (found - points).square().mean().sqrt()
        assert std.square().mean().sqrt().item() == pytest.approx(error.item(), rel=0.06)
    assert std.max() < 20  # less than by either of them


def test_a_prediction_that_the_recording_contradicts_is_not_the_spread():
    """The rays decide then, and say how far off the joints may be."""
    torch.manual_seed(0)
    net = KeypointNet(COCO17)
    points = 300 * torch.randn(50, 17, 3) + torch.tensor([0, 0, 900.0])
    rays = rays_of(points, 4, 10.0)
    estimates = PoseEstimates(
        points, torch.full_like(points, 40.0), torch.zeros(50, 3), torch.eye(3).expand(50, 3, 3)
    )
    shape = (50, 2, 4, 17)
    factors = torch.tensor([1.0, 1e6]).repeat(9)[:17].expand(50, 2, 17)
    measured = torch.full(shape, 10.0), factors, torch.full((50, 1, 17), 100.0)
    features = torch.zeros(50, NUM_PERSON_INPUTS)
    with torch.no_grad():
        poses, _, precision, _, std = net(rays, estimates, features, measured)
    doubted = factors[0, 0] > 1
    error = (poses - points)[:, doubted].square().mean().sqrt()
    assert std[:, doubted].square().mean().sqrt().item() == pytest.approx(error.item(), rel=0.15)
    torch.testing.assert_close(std[:, ~doubted], 2 * precision[:, ~doubted, 0].rsqrt())
