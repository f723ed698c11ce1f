"""The people of a frame: assignment of detections to complete poses, single-view people."""

import numpy as np
import torch
from errors import fails
from model_rigs import SPACE, batch, ring

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.hypotheses import PeopleFinder
from mmpose_ours.models.association.proposals import Proposer
from mmpose_ours.models.association.rays import RayPreprocessor
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise

COCO17 = SKELETONS['coco17']
UPPER, LOWER = slice(0, 11), slice(11, 17)


def finder(**options) -> PeopleFinder:
    return PeopleFinder(COCO17, Proposer(), **options)


def find(data, **options):
    rays = RayPreprocessor()(data)['inputs']['rays']
    floor = torch.full((len(rays.weights),), -SPACE.center_mm[2])
    return finder(**options)(rays, floor)


def test_everybody_is_found_once_with_all_their_views():
    data = batch([ring(4), ring(3)], people=3)
    found = find(data)
    assert np.bincount(found.sample).tolist() == [3, 3]
    assert (found.detections >= 0).sum(1).tolist() == [4] * 3 + [3] * 3
    for index in range(2):
        sample = data['data_samples'][index]
        truth = sample.gt_instances.keypoints_3d - torch.tensor(SPACE.center_mm)
        error = (
            (found.estimates.poses[found.sample == index][:, None] - truth).norm(dim=-1).mean(-1)
        )
        assert sorted(error.argmin(1).tolist()) == [0, 1, 2] and error.amin(1).max() < 40


def test_a_view_joins_by_joints_that_no_other_view_shows():
    """Three views see a person down to the hips, one only the legs."""
    data = batch([ring(4)], people=1)
    keypoints = data['inputs']['keypoints'][0]
    keypoints[:3, :, 13:] = 0.0
    keypoints[3, :, :13] = 0.0
    keypoints = keypoints[:, (keypoints[..., 2] > 0).any(-1).any(0)]
    data['inputs']['keypoints'][0] = keypoints
    assert (Proposer()(RayPreprocessor()(data)['inputs']['rays'])[0, 0] >= 0).tolist() == [
        True, True, True, False,
    ]  # fmt: skip
    assert (find(data).detections >= 0).tolist() == [[True] * 4]


def only_in_one_view(people: int = 2):
    """A batch in which only the first view shows one of the people."""
    data = batch([ring(3)], people=people)
    keypoints = data['inputs']['keypoints'][0]
    whom = keypoints[0, 0, :, 0].clone()
    truth = data['data_samples'][0].gt_instances.keypoints_3d
    rig = data['data_samples'][0].rig
    uv = rig.project(truth.double().numpy())[0]
    missing = int(np.abs(uv[0, :, :, 0] - whom.numpy()).mean(-1).argmin())
    for view in (1, 2):
        away = np.abs(uv[view, missing] - keypoints[view, :, :, :2].numpy()).mean((-1, -2))
        keypoints[view, int(away.argmin())] = 0.0
    return data, missing


def test_people_of_one_view_are_found_where_asked_for():
    data, missing = only_in_one_view()
    assert len(find(data)) == 1
    found = find(data, single_views=True)
    assert sorted((found.detections >= 0).sum(1).tolist()) == [1, 3]
    single = (found.detections >= 0).sum(1) == 1
    truth = data['data_samples'][0].gt_instances.keypoints_3d[missing]
    error = found.estimates.poses[single][0] - (truth - torch.tensor(SPACE.center_mm))
    assert error.norm(dim=-1).mean() < 600


def test_a_second_detection_of_somebody_is_nobody_else():
    data = batch([ring(4)], people=1)
    keypoints = data['inputs']['keypoints'][0][:, :1]
    again = keypoints.clone()
    again[1:] = 0.0
    again[0, :, :2] += 3.0
    data['inputs']['keypoints'][0] = torch.cat([keypoints, again], 1)
    assert len(find(data, single_views=True)) == 1


def test_a_sample_does_not_depend_on_its_batch():
    noise = DetectorNoise()
    data = batch([ring(4), ring(3), ring(5)], people=3, faults=noise)
    together = find(data, single_views=True)
    for index in range(3):
        single = dict(
            inputs=dict(keypoints=data['inputs']['keypoints'][index : index + 1]),
            data_samples=data['data_samples'][index : index + 1],
        )
        one = find(single, single_views=True)
        mine = together.take(together.sample == index)
        torch.testing.assert_close(mine.estimates.poses, one.estimates.poses, atol=1.0, rtol=0)


def test_nobody_and_one_camera():
    data = batch([ring(2)], people=1)
    data['inputs']['keypoints'][0][:] = 0.0
    assert len(find(data, single_views=True)) == 0
    data = batch([ring(2)], people=1)
    rays = RayPreprocessor()(data)['inputs']['rays']
    one = type(rays)(rays.origins[:, :1], rays.directions[:, :1], rays.weights[:, :1])
    floor = torch.full((1,), -SPACE.center_mm[2])
    with fails(InputError, code='no-data', found=1, expected=2):
        finder()(one, floor)
    less = type(rays)(rays.origins, rays.directions[:, :, :, :15], rays.weights[..., :15])
    with fails(InputError, code='wrong-shape', found=15, expected=17):
        finder()(less, floor)
    assert len(finder(single_views=True)(one, floor)) == 1
