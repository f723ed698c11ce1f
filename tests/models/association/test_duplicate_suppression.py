"""Duplicate detections of one person are distinguished from people who stand close."""

from functools import partial

import numpy as np
import pytest
import torch
from model_rigs import SPACE, ring

from mmpose_ours.datasets.transforms import PackMultiviewInputs
from mmpose_ours.kernels.constants import POINTS_PER_LIMB, RAY_TO_LIMB_LIMIT_MM
from mmpose_ours.kernels.suppression import points_of_limbs, ray_to_limb_distance
from mmpose_ours.models import KeypointPrior, TriangulatePose
from mmpose_ours.models.association.duplicate_suppression import (
    limb_pairs,
    suppress_duplicates,
)
from mmpose_ours.models.association.rays import keypoints_to_rays
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.poses.body_model import built_in_poses

COCO17 = SKELETONS['coco17']
LIMBS = limb_pairs(COCO17)
ANY = dict(score_threshold=0.0, single_threshold=0.0)


def standing(*places, seed=3):
    """(P, 17, 3) people at places (x, y) of the floor."""
    poses = built_in_poses(len(places), np.random.default_rng(seed), ('stand',))
    middle = COCO17.root_of(poses)[:, None] * [1, 1, 0]
    return poses - middle + [[(x, y, 0)] for x, y in places]


def squeezed(pose):
    """A whole body where a person's legs are, left and right exchanged; detectors find such."""
    inside = np.empty_like(pose)
    for side in ('left', 'right'):
        hip, knee, ankle = (
            pose[COCO17.index(f'{side}_{name}')[0]] for name in ('hip', 'knee', 'ankle')
        )
        thigh = dict(shoulder=0.0, elbow=0.5, wrist=0.9, hip=0.8)
        for name, share in thigh.items():
            inside[COCO17.index(f'{side}_{name}')[0]] = hip + share * (knee - hip)
        inside[COCO17.index(f'{side}_knee')[0]] = (knee + ankle) / 2
        inside[COCO17.index(f'{side}_ankle')[0]] = ankle
    inside[:5] = COCO17.root_of(pose)
    return inside[COCO17.flip_order]


def seen(rig, people, views):
    """(V, P, 17, 3) what some of the views show of people (P, 17, 3), others being padding."""
    keypoints = np.zeros((len(rig), len(people), 17, 3))
    for view, camera in enumerate(rig):
        uv, _ = camera.project(people)
        keypoints[view, ..., :2], keypoints[view, ..., 2] = uv, 0.9
    for person, shown in enumerate(views):
        keypoints[[view for view in range(len(rig)) if view not in shown], person] = 0
    return keypoints


def predict(model, rig, keypoints):
    info = dict(rig=rig, space=SPACE, joints='coco17', frame_id=0, keypoints_2d=keypoints)
    packed = PackMultiviewInputs()(info)
    data = dict(
        inputs=dict(keypoints=[packed['inputs']['keypoints']]),
        data_samples=[packed['data_samples']],
    )
    with torch.no_grad():
        return model.eval().test_step(data)[0].pred_instances


def distance(origins, directions, weights, pose, limbs, limit_mm=np.inf):
    """Of the rays of one person, (V, J), from the limbs of a pose (J, 3)."""
    points, center = np.empty((POINTS_PER_LIMB * len(limbs), 3)), np.empty(3)
    radius = points_of_limbs(pose, limbs, points, center)
    rays = (np.ascontiguousarray(part) for part in (origins, directions, weights))
    return ray_to_limb_distance(*rays, points, center, radius, limit_mm)


def test_the_distance_of_rays_from_limbs():
    rig, rng = ring(3), np.random.default_rng(0)
    people = standing((0, 0), (700, 300))
    directions, weights = keypoints_to_rays(rig, seen(rig, people, ((0, 1, 2), (0, 1, 2))))
    weights[:, :, 4] = 0
    found = {
        (one, other): distance(
            rig.centers_w, directions[:, one], weights[:, one], people[other], LIMBS
        )
        for one, other in ((0, 1), (1, 0))
    }
    # Rays and limbs as so many points, nothing else in common with what is tested.
    along = np.linspace(2000, 9000, 1500)[:, None]
    for one, other in ((0, 1), (1, 0)):
        ends = people[other][LIMBS]
        points = np.concatenate([a + (b - a) * np.linspace(0, 1, 30)[:, None] for a, b in ends])
        distances = []
        for view, joint in np.argwhere(weights[:, one] > 0):
            line = rig.centers_w[view] + along * directions[view, one, joint]
            apart = np.linalg.norm(line[:, None] - points[rng.permutation(len(points))], axis=-1)
            distances.append(min(apart.min(), RAY_TO_LIMB_LIMIT_MM))
        expected = (sum(distances) + RAY_TO_LIMB_LIMIT_MM) / (len(distances) + 1)
        assert found[one, other] == pytest.approx(expected, abs=8)


@pytest.mark.parametrize('views', [(1,), (0, 2)])
@pytest.mark.parametrize(
    'model', [partial(TriangulatePose, single_views=True), partial(KeypointPrior, **ANY)]
)
def test_a_duplicate_is_suppressed(model, views):
    """Also where one view alone has it."""
    rig, (person,) = ring(4), standing((200, -300))
    keypoints = seen(rig, np.stack([person, squeezed(person)]), ((0, 1, 2, 3), views))
    assert len(predict(model(suppression_mm=0.0), rig, keypoints).scores) == 2
    found = predict(model(), rig, keypoints)
    assert found.views.tolist() == [4]
    assert (found.keypoints_3d[0] - torch.from_numpy(person)).norm(dim=-1).mean() < 60


@pytest.mark.parametrize('place', [(250, 0), (0, 300), (-200, 200)])
def test_people_who_touch_are_both_there(place):
    rig, people = ring(4), standing((0, 0), place)
    keypoints = seen(rig, people, ((0, 1, 2, 3), (0, 1, 2, 3)))
    assert len(predict(TriangulatePose(), rig, keypoints).scores) == 2


def test_poses_with_few_joints_are_suppressed_less_easily():
    limb, pair = np.array([[0.0, 0, 0], [0, 0, 1000]]), np.array([[0, 1]])
    origins, directions = np.array([[-1000.0, 50, 0]]), np.array([[[1.0, 0, 0], [1.0, 0, 0]]])
    both = distance(origins, directions, np.array([[1.0, 1.0]]), limb, pair)
    one = distance(origins, directions, np.array([[1.0, 0.0]]), limb, pair)
    assert both == pytest.approx((300 + 2 * 50) / 3) and one > both
    # Distances above the limit are so at any rate.
    for limit_mm in (both - 1, both + 1):
        found = distance(origins, directions, np.array([[1.0, 1.0]]), limb, pair, limit_mm)
        assert (found <= limit_mm) == (both <= limit_mm)


def test_nobody_is_suppressed_where_nobody_is():
    nobody = np.zeros((0, 3, 3)), np.zeros((0, 3, 17, 3)), np.zeros((0, 3, 17))
    assert suppress_duplicates(nobody, np.zeros((0, 17, 3)), LIMBS, 110.0).tolist() == []
