"""Bones, their groups, and the components that are solved together."""

import numpy as np
import pytest

from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.temporal.bone_lengths import measure_lengths
from mmpose_ours.temporal.bones import ADULT_MM, anatomy_of


@pytest.mark.parametrize('name', SKELETONS)
def test_components_hold_every_joint_once_and_every_bone(name):
    anatomy = anatomy_of(SKELETONS[name])
    joints = [joint for component in anatomy.components for joint in component]
    assert sorted(joints) == list(range(len(anatomy.skeleton)))
    for bone in anatomy.bones:
        assert any({bone.first, bone.second} <= set(part) for part in anatomy.components)
    # A hand is not one component, which would be slow.
    assert max(map(len, anatomy.components)) <= 18
    assert (anatomy.ray_std_mm > 0).all() and (anatomy.acceleration_m_s2 > 0).all()


def test_left_and_right_share_a_length():
    anatomy = anatomy_of(COCO17)
    by_name = {}
    for bone in anatomy.bones:
        ends = {COCO17.joints[bone.first], COCO17.joints[bone.second]}
        by_name.setdefault(anatomy.group_names[bone.group], []).append(ends)
    assert by_name['hip-knee'] == [
        {'left_hip', 'left_knee'}, {'right_hip', 'right_knee'}
    ]  # fmt: skip
    assert len(by_name['eye-opposite_ear']) == 2
    assert len(by_name['hip-opposite_hip']) == 1


def test_animals_have_no_bones():
    skeleton = Skeleton('mouse', ('snout', 'tail'), (('snout', 'tail'),))
    anatomy = anatomy_of(skeleton)
    assert anatomy.bones == () and anatomy.components == ((0,), (1,))


def poses(shares, frames=300):
    """(T, 17, 3): arms and legs of lengths that are shares of usual ones, elsewhere at 0."""
    xyz = np.zeros((frames, 17, 3))
    bones = [bone for bone in anatomy_of(COCO17).bones if bone.usual_mm]
    for bone in bones:
        away = np.array([shares * bone.usual_mm, 0, 0])
        xyz[:, bone.second] = xyz[:, bone.first] + away
    return xyz


def test_length_is_measured_and_outliers_do_not_count():
    anatomy = anatomy_of(COCO17)
    xyz = poses(1.1)
    xyz[:60, 9] += 500  # a wrist that is somewhere else for a fifth of the time
    known = np.ones(xyz.shape[:2], bool)
    lengths = measure_lengths([xyz], [known], anatomy, 30.0)
    forearm = anatomy.group_names.index('elbow-wrist')
    assert lengths[forearm] == pytest.approx(1.1 * 0.146 * ADULT_MM, rel=0.003)


def test_unseen_bone_has_the_size_of_the_others():
    anatomy = anatomy_of(COCO17)
    known = np.ones((300, 17), bool)
    known[:, COCO17.index('left_ankle', 'right_ankle')] = False
    lengths = measure_lengths([poses(1.1)], [known], anatomy, 30.0)
    shin = anatomy.group_names.index('knee-ankle')
    assert lengths[shin] == pytest.approx(1.1 * 0.246 * ADULT_MM, rel=0.005)


def test_nothing_measured_gives_no_length_of_its_own():
    anatomy = anatomy_of(COCO17)
    none = np.zeros((10, 17), bool)
    lengths = measure_lengths([np.full((10, 17, 3), np.nan)], [none], anatomy, 30.0)
    thigh = anatomy.group_names.index('hip-knee')
    assert lengths[thigh] == pytest.approx(0.245 * ADULT_MM)
    assert np.isnan(lengths[anatomy.group_names.index('hip-opposite_hip')])
