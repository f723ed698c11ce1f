import numpy as np
import pytest
from synthetic_rigs import SPACE, ring_rig

from mmpose_ours.synthetic import Crowd, PoseBank, SceneSampler
from mmpose_ours.synthetic import occlusion as module
from mmpose_ours.synthetic.occlusion import (
    NEARER_MM,
    OCCLUSION_RADIUS,
    joint_box,
    longer_side,
    occluded_by_people,
)


@pytest.fixture(scope='module')
def crowd():
    sampler = SceneSampler(
        ring_rig(), SPACE, PoseBank.built_in(300), people=(2, 6), close_share=0.7
    )
    scenes = sampler.sample_many([np.random.default_rng((8, i)) for i in range(12)])
    visible = np.random.default_rng(0).random(scenes.visible.shape) < 0.9
    return Crowd(scenes.poses, visible, scenes.scene, scenes.scenes)


def one_by_one(crowd, rig, uv, found, size_px):
    """The definition, joint by joint."""
    hidden = np.zeros(found.shape, dtype=bool)
    for i, v, j in np.argwhere(found):
        depth = rig.cameras[v].to_camera(crowd.poses)[..., 2].mean(1)
        for other in np.flatnonzero(crowd.scene == crowd.scene[i]):
            if depth[other] < depth[i] - NEARER_MM:
                joints = uv[other, v][crowd.visible[other] & np.isfinite(uv[other, v, :, 0])]
                gaps = np.linalg.norm(joints - uv[i, v, j], axis=-1)
                hidden[i, v, j] |= (gaps < OCCLUSION_RADIUS * size_px[other, v]).any()
    return hidden


@pytest.mark.parametrize('at_once', [module.PAIRS_AT_ONCE, 3])
def test_nearer_people_cover_those_behind_them(crowd, monkeypatch, at_once):
    monkeypatch.setattr(module, 'PAIRS_AT_ONCE', at_once)
    rig = ring_rig()
    uv, valid = (np.moveaxis(array, 0, 1) for array in rig.project(crowd.poses))
    found = valid & crowd.visible[:, None]
    box = joint_box(uv.transpose(3, 2, 1, 0), found.T)
    hidden = occluded_by_people(crowd, rig, uv.transpose(3, 2, 1, 0), found.T, box).T
    np.testing.assert_array_equal(hidden, one_by_one(crowd, rig, uv, found, longer_side(box).T))
    assert 0.03 < hidden[found].mean() < 0.6


def test_the_box_of_no_joint_is_empty():
    uv = np.array([[1.0, 4.0, 9.0], [5.0, 2.0, 9.0]])
    low, high = joint_box(uv, np.array([True, True, False]))
    assert low.tolist() == [1, 2] and high.tolist() == [4, 5]
    assert longer_side((low, high)) == 3
    low, high = joint_box(uv, np.zeros(3, dtype=bool))
    assert (low > high).all() and longer_side((low, high)) == 0
