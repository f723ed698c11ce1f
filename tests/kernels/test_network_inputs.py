"""What the network is given, against NumPy expressions of the definitions."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmpose_ours.kernels.constants import DEPTH_UNIT_MM, MAX_OFFSET_MM, OFFSET_UNIT_MM
from mmpose_ours.kernels.network_inputs import person_inputs, ray_inputs

PEOPLE, VIEWS, JOINTS = 3, 4, 5


def test_inputs_of_rays_are_in_the_person_frame():
    rng = np.random.default_rng(0)
    origins = rng.normal(0, 4000, (PEOPLE, VIEWS, 3))
    poses, shift = rng.normal(0, 500, (PEOPLE, JOINTS, 3)), rng.normal(0, 800, (PEOPLE, 3))
    directions = poses[:, None] + rng.normal(0, 200, (VIEWS, JOINTS, 3)) - origins[:, :, None]
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    directions[0, 0, 0] = rng.permutation(directions[0, 0, 0])  # an outlier
    weights = rng.uniform(0, 1, (PEOPLE, VIEWS, JOINTS)) * (rng.random((VIEWS, JOINTS)) < 0.7)
    rotation = Rotation.random(PEOPLE, random_state=0).as_matrix()
    own, inputs = ray_inputs(origins, directions, weights, poses, shift, rotation)

    def turned(n, vectors):
        return vectors @ rotation[n].T

    for n in range(PEOPLE):
        np.testing.assert_allclose(own[n], turned(n, poses[n] + shift[n]))
        for v in range(VIEWS):
            away, a = poses[n] - origins[n, v], directions[n, v]
            depth = (away * a).sum(-1, keepdims=True)
            offset = away - depth * a
            length = np.linalg.norm(offset, axis=-1, keepdims=True)
            offset *= np.minimum(length, MAX_OFFSET_MM) / length
            expected = np.concatenate(
                [
                    turned(n, a), turned(n, offset) / OFFSET_UNIT_MM, depth / DEPTH_UNIT_MM,
                    weights[n, v][:, None], weights[n, v][:, None] > 0,
                ],
                axis=-1,
            )  # fmt: skip
            np.testing.assert_allclose(inputs[n, v], expected, rtol=1e-4, atol=1e-5)
    assert np.linalg.norm(inputs[0, 0, 0, 3:6]) == pytest.approx(MAX_OFFSET_MM / OFFSET_UNIT_MM)


def test_inputs_of_people():
    weights = np.zeros((PEOPLE, VIEWS, JOINTS))
    weights[0, :3] = 0.5
    weights[1, 1, :2] = 0.8
    weights[2, 0] = weights[2, 3] = 1.0
    detections = np.where((weights > 0).any(-1), 1, -1)
    exists = np.ones((PEOPLE, VIEWS), bool)
    exists[:, 2] = [True, False, True]
    in_image = np.full((PEOPLE, VIEWS), 0.25)
    in_image[0, 3], in_image[2, 2] = 0.75, 1.0
    hips = np.array([[0.0, 0, 900], [300.0, 400, 900], [0.0, 100, 900]])
    std = np.full((PEOPLE, JOINTS, 3), 100 * np.e)
    energy, sample = np.array([10.0, 1e6, 0.0]), np.array([0, 0, 1])
    found = person_inputs(weights, detections, exists, in_image, energy, std, hips, sample)
    # Views, one view, share of joints, weight, energy, worst and sum of the views without a
    # detection, nearest person, nearest one of two views, log of the deviation, number of views.
    expected = [
        [1.0, 0, 1.0, 0.5, 0.2, 0.75, 0.375, 0.5, 2.0, 1.0, 1.0],
        [1 / 3, 1, 0.4, 0.8, 4.0, 0.25, 0.25, 0.5, 0.5, 1.0, 0.75],
        [2 / 3, 0, 1.0, 1.0, 0.0, 1.0, 0.625, 2.0, 2.0, 1.0, 1.0],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
