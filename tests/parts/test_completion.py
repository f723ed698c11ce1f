"""Feet, hands and face of synthetic people, whose truth is known."""

import dataclasses

import numpy as np
import pytest
from whole_people import RIG, bodies_of, detections_of, walkers

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.parts.completion import PartCompletion
from mmpose_ours.parts.layout import parts_of
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.structures.whole_body import hand
from mmpose_ours.synthetic.poses.whole_body import WHOLE_BODY

FEET = [j for part in parts_of(WHOLE_BODY) if part.kind == 'foot' for j in part.joints]
LEFT, RIGHT = list(hand('left')), list(hand('right'))
FACE = [j for part in parts_of(WHOLE_BODY) if part.kind == 'face' for j in part.joints]


def completed(frames, change=lambda views: views, rig=RIG, noise_px=1.0):
    completion, rng = PartCompletion(rig, WHOLE_BODY), np.random.default_rng(0)
    return [
        completion(bodies_of(people), change(detections_of(people, noise_px=noise_px, rng=rng)))
        for people in frames
    ]


def errors(results, frames, joints):
    index = WHOLE_BODY.index(*joints)
    return np.concatenate([
        np.linalg.norm(result.xyz_mm[:, index] - people[:, index], axis=-1).ravel()
        for result, people in zip(results, frames)
    ])  # fmt: skip


@pytest.mark.parametrize('joints', [FEET, LEFT, RIGHT, FACE])
def test_every_joint_is_found(joints):
    frames = walkers()
    found = errors(completed(frames), frames, joints)
    assert np.isfinite(found).all()
    assert np.median(found) < 6 and found.max() < 25


def test_the_body_stays_as_it_is():
    frames = walkers(frames=1)
    (result,) = completed(frames)
    body, given = result.skeleton.index(*COCO17.joints), bodies_of(frames[0])
    np.testing.assert_array_equal(result.xyz_mm[:, body], given.xyz_mm)
    np.testing.assert_array_equal(result.std_mm[:, body], given.std_mm)
    assert result.skeleton is WHOLE_BODY and list(result.track_ids) == [0, 1]


def test_uncertainty_is_that_of_the_errors():
    frames = walkers(frames=20)
    results = completed(frames, noise_px=3.0)
    index = WHOLE_BODY.index(*FACE)
    error = np.concatenate([r.xyz_mm[:, index] - f[:, index] for r, f in zip(results, frames)])
    std = np.concatenate([r.std_mm[:, index] for r in results])
    assert 0.5 < np.median(std) / np.sqrt((error**2).mean()) < 2.0


def test_a_view_with_another_hand_is_outvoted():
    def garble(views):
        array = views[RIG.names[0]].array.copy()
        index = WHOLE_BODY.index(*LEFT)
        array[:, index, :2] += np.random.default_rng(1).uniform(-60, 60, array[:, index, :2].shape)
        return {**views, RIG.names[0]: Keypoints2D(WHOLE_BODY, array)}

    frames = walkers()
    found = errors(completed(frames, garble), frames, LEFT)
    assert np.nanmedian(found) < 8 and np.nanmax(found) < 40
    assert np.isfinite(found).mean() > 0.95


def hidden(views, joints, but):
    """The same detections where only ``but`` first cameras see some joints."""
    index = WHOLE_BODY.index(*joints)
    changed = {}
    for number, (name, people) in enumerate(views.items()):
        array = people.array.copy()
        if number >= but:
            array[:, index, 2] = 0
        changed[name] = Keypoints2D(WHOLE_BODY, array)
    return changed


@pytest.mark.parametrize('views', [0, 1])
def test_no_hand_where_fewer_than_two_views_see_it(views):
    frames = walkers(frames=3)
    for result in completed(frames, lambda seen: hidden(seen, LEFT + FEET, views)):
        assert np.isnan(result.xyz_mm[:, WHOLE_BODY.index(*LEFT, *FEET)]).all()
        assert np.isnan(result.std_mm[:, WHOLE_BODY.index(*LEFT, *FEET)]).all()
        assert np.isfinite(result.xyz_mm[:, WHOLE_BODY.index(*RIGHT)]).all()


def test_two_views_that_see_different_things_make_no_hand():
    def garble(views):
        views, rng = hidden(views, LEFT, 2), np.random.default_rng(1)
        array = views[RIG.names[1]].array.copy()
        index = WHOLE_BODY.index(*LEFT)
        array[:, index, :2] += rng.uniform(-80, 80, array[:, index, :2].shape)
        return {**views, RIG.names[1]: Keypoints2D(WHOLE_BODY, array)}

    for result in completed(walkers(frames=4), garble):
        assert np.isfinite(result.xyz_mm[:, WHOLE_BODY.index(*LEFT)]).all(-1).mean() < 0.2


@pytest.mark.parametrize('kind', ['foot', 'hand'])
def test_segments_keep_their_length(kind):
    """Noise of 2 px is 6 mm here; single joints vary by more than their segments do."""
    frames = walkers(count=1, frames=60)
    results = completed(frames, noise_px=2.0)
    for part in parts_of(WHOLE_BODY):
        for segment in part.segments if part.kind == kind else ():
            first, second = WHOLE_BODY.index(segment.first, segment.second)
            truth = np.linalg.norm(frames[0][0, first] - frames[0][0, second])
            xyz = np.array([result.xyz_mm[0] for result in results])
            length = np.linalg.norm(xyz[:, first] - xyz[:, second], axis=-1)[10:]
            low, high = np.nanpercentile(length, [10, 90])
            assert high - low < 0.2 * truth  # a normal spread of 7.8 %, at 24 % of noise
            assert abs(np.nanmedian(length) - truth) < max(0.25 * truth, 8.0), segment


def test_children_have_small_hands():
    frames = 0.6 * walkers(count=1, frames=40)
    results = completed(frames)
    found = errors(results[20:], frames[20:], LEFT + RIGHT + FEET)
    assert np.isfinite(found).mean() > 0.98 and np.nanmedian(found) < 6


@pytest.mark.parametrize('name', ['halpe26', 'body25', 'body25b', 'blazepose33', 'halpe136'])
def test_any_detector_with_more_than_the_body(name):
    skeleton = SKELETONS[name]
    people = walkers(frames=1)[0]
    completion = PartCompletion(RIG, skeleton)
    result = completion(bodies_of(people), detections_of(people, skeleton))
    assert set(COCO17.joints) <= set(result.skeleton.joints)
    both = [joint for joint in result.skeleton.joints if joint in WHOLE_BODY.joints]
    apart = result.xyz_mm[:, result.skeleton.index(*both)] - people[:, WHOLE_BODY.index(*both)]
    assert np.nanmax(np.linalg.norm(apart, axis=-1)) < 25


def test_joints_that_a_detector_lacks_are_those_of_the_body():
    detected = Skeleton('few', ('left_ankle', 'left_heel', 'left_knee', 'left_hip', 'nose'))
    completion = PartCompletion(RIG, detected)
    assert completion.skeleton.joints[:5] == detected.joints
    assert set(completion.skeleton.joints) == {*COCO17.joints, 'left_heel'}


def test_coco_is_left_as_it_is():
    poses = bodies_of(walkers(frames=1)[0])
    completion = PartCompletion(RIG, COCO17)
    assert completion.skeleton == COCO17 and completion(poses, {}) is poses


def test_nobody_and_nothing_detected():
    completion = PartCompletion(RIG, WHOLE_BODY)
    assert completion(Poses3D.nobody(COCO17), {}).xyz_mm.shape == (0, 133, 3)
    poses = bodies_of(walkers(frames=1)[0])
    alone = completion(dataclasses.replace(poses, track_ids=None), {})
    assert np.isnan(alone.xyz_mm[:, WHOLE_BODY.index(*LEFT, *FEET, *FACE)]).all()


def test_one_camera_makes_none():
    rig = CameraRig(RIG.cameras[:1])
    people = walkers(frames=1)[0]
    result = PartCompletion(rig, WHOLE_BODY)(bodies_of(people), detections_of(people))
    assert np.isnan(result.xyz_mm[:, WHOLE_BODY.index(*LEFT)]).all()
