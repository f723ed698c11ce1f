"""Cross-view association, proposed by pairs and confirmed by the other views."""

import numpy as np
import pytest
import torch
from errors import fails
from model_rigs import batch, ring

from mmpose_ours.association.epipolar import associate
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.models.association.proposals import Proposer, gather_rays
from mmpose_ours.models.association.rays import RayPreprocessor, Rays, keypoints_to_rays
from mmpose_ours.synthetic import DetectorNoise, PoseBank


def rays_and_data(rigs, **options):
    data = batch(rigs, **options)
    return RayPreprocessor()(data)['inputs']['rays'], data


def as_set(groups) -> set:
    """Groups of detections without their order."""
    return {tuple(group) for group in np.asarray(groups).tolist() if max(group) >= 0}


def true_errors(rays, groups, data, index=0) -> np.ndarray:
    """(G, people) mean distances of the groups' triangulated joints from the true ones."""
    group_rays = gather_rays(rays, groups)
    poses = group_rays.triangulate(torch.zeros(*groups.shape[:2], 17, 3), 1e-4)[index]
    sample = data['data_samples'][index]
    truth = sample.gt_instances.keypoints_3d - torch.tensor(sample.space.center_mm)
    known = (group_rays.weights[index] > 0).sum(1)[:, None] >= 2
    error = (poses[:, None] - truth).norm(dim=-1) * known
    return (error.sum(-1) / known.sum(-1)).numpy()


@pytest.mark.parametrize('views', [2, 4, 31])
def test_perfect_detections_are_grouped_into_the_true_people(views):
    rays, data = rays_and_data([ring(views)], people=4)
    groups = Proposer()(rays)
    found = (groups[0] >= 0).any(-1)
    error = true_errors(rays, groups, data)[found]
    count = len(data['data_samples'][0].gt_instances)
    assert found.sum() == count
    assert sorted(error.argmin(1)) == list(range(count)) and error.min(1).max() < 5


@pytest.mark.parametrize('seed', range(4))
def test_agrees_with_epipolar_association_on_faulty_detections(seed):
    """Another algorithm, in the images instead of in the scene."""
    faults = DetectorNoise(false_positive_rate=0.0, missed_person_share=0.0)
    rays, data = rays_and_data([ring(5)], people=4, faults=faults, seed=seed)
    other = associate(ring(5), data['inputs']['keypoints'][0].numpy())
    assert as_set(Proposer()(rays)[0]) == as_set(other)


def test_a_sample_does_not_depend_on_its_batch():
    rays, data = rays_and_data([ring(4), ring(3), ring(5)], people=3, faults=DetectorNoise())
    together = Proposer()(rays)
    for index, views in enumerate((4, 3, 5)):
        keypoints = data['inputs']['keypoints'][index : index + 1]
        samples = data['data_samples'][index : index + 1]
        alone = RayPreprocessor()(dict(inputs=dict(keypoints=keypoints), data_samples=samples))
        groups = Proposer()(alone['inputs']['rays'])
        assert as_set(groups[0]) == as_set(together[index, :, :views])
        assert (together[index, :, views:] == -1).all()


def test_false_positives_do_not_hide_people_and_rarely_form_groups():
    """A false positive is seen by one camera; that two of them look like one person is chance."""
    faults = DetectorNoise(false_positive_rate=1.0, missed_person_share=0.0)
    rays, data = rays_and_data([ring(4)] * 8, people=2, faults=faults)
    groups = Proposer()(rays)
    proposed = 0
    for index in range(8):
        found = (groups[index] >= 0).any(-1)
        assert true_errors(rays, groups, data, index)[found].min(0).max() < 150
        proposed += int(found.sum())
    assert proposed <= 16 + 2


def test_each_detection_is_one_person_at_most():
    rays, _ = rays_and_data([ring(5)] * 4, people=5, faults=DetectorNoise(jitter=2.0))
    for groups in Proposer()(rays):
        for view in groups.T.tolist():
            used = [detection for detection in view if detection >= 0]
            assert len(used) == len(set(used))


def test_the_number_of_people_is_bounded():
    rays, _ = rays_and_data([ring(4)], people=4)
    assert (Proposer(max_people=2)(rays)[0] >= 0).any(-1).sum() == 2


def test_nobody_in_the_image_is_nobody():
    rays, _ = rays_and_data([ring(4)], people=2)
    rays.weights.zero_()
    assert (Proposer()(rays) == -1).all()


def test_one_camera_is_refused():
    rays, _ = rays_and_data([ring(2)], people=1)
    one = type(rays)(rays.origins[:, :1], rays.directions[:, :1], rays.weights[:, :1])
    with fails(InputError, code='no-data', found=1, expected=2):
        Proposer()(one)


def test_a_person_between_two_cameras_is_found_with_a_third():
    """On the line between two cameras their rays are parallel and tell no depth."""
    target, size = (0, 0, 900), (960, 720)
    places = ((4500, 0, 900), (-4500, 0, 900), (0, -4500, 1500))
    rig = CameraRig(
        tuple(Camera.looking_at(str(i), place, target, 700, size) for i, place in enumerate(places))
    )
    pose = PoseBank.built_in(1).poses[:1]
    pose = pose - pose[:, [11, 12]].mean(1, keepdims=True) + target
    uv, _ = rig.project(pose)
    keypoints = np.concatenate([uv, np.ones((*uv.shape[:-1], 1))], -1)
    directions, weights = keypoints_to_rays(rig, keypoints)
    arrays = (rig.centers_w, directions, weights)
    rays = Rays(*(torch.tensor(array, dtype=torch.float32)[None] for array in arrays))
    groups = Proposer()(rays)
    assert as_set(groups[0]) == {(0, 0, 0)}
    pose_3d = gather_rays(rays, groups).triangulate(torch.zeros(1, groups.shape[1], 17, 3), 1e-4)[
        0, 0
    ]
    assert (pose_3d - torch.tensor(pose[0])).norm(dim=-1).max() < 5


def test_the_same_camera_twice_proposes_nobody():
    rays, _ = rays_and_data([ring(2)], people=1)
    rays.origins[:, 1] = rays.origins[:, 0]
    rays.directions[:, 1] = rays.directions[:, 0]
    assert (Proposer()(rays) == -1).all()
