"""The noise of a recording: on whom it is measured."""

import torch

from mmpose_ours.models.association.hypotheses import Hypotheses
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import PoseEstimates
from mmpose_ours.models.keypoint_prior.measured_noise import MAX_PEOPLE, measure_noise
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
