import dataclasses

import cv2
import numpy as np
import pytest
from errors import fails
from synthetic_rigs import COCO17, SIZE, SPACE, binomial_spread, place, ring_rig

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.synthetic import (
    Crowd,
    DetectorNoise,
    PoseBank,
    Scene,
    SceneSampler,
    built_in_poses,
)
from mmpose_ours.synthetic.joint_noise import COCO_SIGMAS

LOWER = COCO17.index('left_knee', 'right_knee', 'left_ankle', 'right_ankle')
RNG = np.random.default_rng


@pytest.fixture(scope='module')
def rig():
    return ring_rig()


@pytest.fixture(scope='module')
def crowd():
    """Scenes of synthetic people."""
    sampler = SceneSampler(ring_rig(), SPACE, PoseBank.built_in(500), people=(1, 4))
    return [sampler.sample(RNG((0, i))) for i in range(40)]


@pytest.fixture(scope='module')
def two_people():
    """Two standing people who are apart and wholly inside every view."""
    poses = built_in_poses(2, RNG(3), ('stand',))
    return place(poses, (-800, 0), (800, 0))


def only(**parameters):
    """A perfect detector except for these parameters."""
    return dataclasses.replace(DetectorNoise.none(), **parameters)


def expected(scene, rig):
    """Per view a list of (17, 3) people by OpenCV's own projection, those seen at all."""
    views = []
    for camera in rig:
        rvec = cv2.Rodrigues(camera.R_w2c)[0]
        people = []
        for pose, visible in zip(scene.poses, scene.visible):
            uv = cv2.projectPoints(pose, rvec, camera.t_w2c, camera.K, camera.dist_full)[0][:, 0]
            ahead = camera.to_camera(pose)[:, 2] > 0
            inside = (uv >= -0.5).all(-1) & (uv < np.array(SIZE) - 0.5).all(-1)
            found = ahead & inside & visible
            if found.any():
                people.append(np.where(found[:, None], np.column_stack([uv, np.ones(17)]), 0))
        views.append(people)
    return views


def people_of(view):
    """The rows of a view that hold someone."""
    return view[(view[..., 2] > 0).any(1)]


def test_a_perfect_detector_equals_opencvs_projection(crowd, rig):
    for scene in crowd[:15]:
        detections = DetectorNoise.none().detect(scene, rig, RNG(0))
        assert detections.dtype == np.float32
        for view, people in zip(detections, expected(scene, rig)):
            found = list(people_of(view))
            assert len(found) == len(people)
            for person in people:  # each is there, in some row
                errors = [np.abs(other - person).max() for other in found]
                assert min(errors) < 1e-3
                found.pop(int(np.argmin(errors)))


def test_a_joint_without_a_place_is_not_found(two_people, rig):
    wrist = COCO17.index('left_wrist')[0]
    visible = two_people.visible.copy()
    visible[:, wrist] = False
    poses = two_people.poses.copy()
    poses[:, wrist] = 0.0  # as a bank leaves it
    detections = DetectorNoise.none().detect(Scene(poses, visible), rig, RNG(0))
    scores = detections[..., 2]
    assert (scores[..., wrist] == 0).all()
    assert (np.delete(scores, wrist, -1) == 1).all()


@pytest.mark.parametrize('jitter', [0.4, 1.0])
def test_jitter_has_the_stated_scale(two_people, rig, jitter):
    person = Scene(two_people.poses[:1], two_people.visible[:1])
    clean = DetectorNoise.none().detect(person, rig, RNG(0))[:, 0]
    noisy = np.stack([only(jitter=jitter).detect(person, rig, RNG(i))[:, 0] for i in range(500)])
    spread = (noisy - clean)[..., :2].std(axis=(0, 3))  # (V, 17) over 1000 numbers each
    size = np.ptp(clean[..., :2], axis=1).max(-1)
    stated = jitter * COCO_SIGMAS * 0.5 * size[:, None]
    np.testing.assert_allclose(spread, stated, rtol=0.15)
    assert np.abs((noisy - clean)[..., :2].mean(axis=0)).max() < 0.25 * stated.max()


def test_outliers_come_at_the_stated_share(two_people, rig):
    share = 0.2
    clean = DetectorNoise.none().detect(two_people, rig, RNG(0))
    far = total = 0
    for i in range(60):
        person = Scene(two_people.poses[i % 2 : i % 2 + 1], two_people.visible[:1])
        clean = DetectorNoise.none().detect(person, rig, RNG(0))
        wild = only(outlier_share=share).detect(person, rig, RNG((2, i)))
        far += (np.linalg.norm((wild - clean)[..., :2], axis=-1) > 0.01).sum()
        total += clean[..., 2].size
    assert far / total == pytest.approx(share, abs=binomial_spread(share, total))


def test_joints_are_missed_at_the_stated_share(two_people, rig):
    share, missed, total = 0.15, 0, 0
    for i in range(100):
        scores = only(missed_joint_share=share).detect(two_people, rig, RNG(i))[..., 2]
        missed += (scores == 0).sum()
        total += scores.size
    assert missed / total == pytest.approx(share, abs=binomial_spread(share, total))


def test_people_are_missed_at_the_stated_share_in_each_view_alone(two_people, rig):
    share, trials = 0.3, 300
    found = np.zeros((trials, len(rig)))
    for i in range(trials):
        detections = only(missed_person_share=share).detect(two_people, rig, RNG(i))
        found[i] = (detections[..., 2] > 0).any(-1).sum(1)
    assert 1 - found.mean() / 2 == pytest.approx(
        share, abs=binomial_spread(share, 2 * trials * len(rig))
    )
    # Independent between views: their correlation is 0 within five spreads.
    assert np.abs(np.corrcoef(found.T) - np.eye(len(rig))).max() < 5 / trials**0.5


def test_lower_bodies_are_hidden_at_the_stated_share(two_people, rig):
    share, hidden, people = 0.25, 0, 0
    for i in range(150):
        scores = only(lower_body_share=share).detect(two_people, rig, RNG(i))[..., 2]
        lower = scores[..., LOWER] > 0
        assert (lower.all(-1) | ~lower.any(-1)).all()
        assert (np.delete(scores, LOWER, -1) > 0).all()
        hidden += (~lower.any(-1)).sum()
        people += lower.any(-1).size
    assert hidden / people == pytest.approx(share, abs=binomial_spread(share, people))


def test_limbs_are_swapped_at_the_stated_share(two_people, rig):
    share, swapped, total = 0.3, 0, 0
    for i in range(150):
        person = Scene(two_people.poses[:1], two_people.visible[:1])
        clean = DetectorNoise.none().detect(person, rig, RNG(0))
        mixed = only(swap_share=share).detect(person, rig, RNG(i))
        moved = np.abs(mixed - clean).max(-1) > 1e-3
        for before, after, joints in zip(clean[:, 0], mixed[:, 0], moved[:, 0]):
            swapped += joints.any()
            # What moved lies where the other side was.
            flipped = before[COCO17.flip_order]
            np.testing.assert_allclose(after[joints], flipped[joints], atol=1e-3)
        total += len(rig)
    assert swapped / total == pytest.approx(share, abs=binomial_spread(share, total))


def test_false_positives_come_at_the_stated_rate(crowd, rig):
    rate, false_positives, views = 0.4, 0, 0
    for i in range(400):
        scene = crowd[i % len(crowd)]
        real = [len(people) for people in expected(scene, rig)]
        found = only(false_positive_rate=rate).detect(scene, rig, RNG(i))
        for view, count in zip(found, real):
            if count:
                false_positives += len(people_of(view)) - count
                views += 1
    # Poisson: the spread of the mean is the root of rate over views; a few die at the edge.
    assert false_positives / views == pytest.approx(
        0.97 * rate, abs=5 * (rate / views) ** 0.5 + 0.01
    )


def test_false_positives_are_inside_the_image_and_weaker(two_people, rig):
    for i in range(50):
        for view in only(false_positive_rate=2.0).detect(two_people, rig, RNG(i)):
            uv, score = view[..., :2], view[..., 2]
            assert (uv >= -0.5).all() and (uv < np.array(SIZE) - 0.5).all()
            false_positive = (score > 0).any(1) & (score.max(1) < 1)
            assert (score[false_positive] <= 0.9).all()
            assert (~false_positive & (score > 0).any(1)).sum() == 2


def test_scores_have_the_stated_mean_and_stay_between_0_and_1(two_people, rig):
    values = np.concatenate(
        [only(score=(0.7, 0.1)).detect(two_people, rig, RNG(i))[..., 2] for i in range(80)]
    )
    assert values.min() > 0 and values.max() <= 1
    assert values.mean() == pytest.approx(0.7, abs=0.02)
    # The joint's own spread and half of it again for the person.
    assert values.std() == pytest.approx(0.1 * 1.25**0.5, rel=0.1)
    wild = only(score=(0.9, 0.8)).detect(two_people, rig, RNG(0))[..., 2]
    assert wild.min() >= 0.05 - 1e-6 and wild.max() <= 1


def test_limb_ends_are_weakened_at_the_stated_share(two_people, rig):
    share = 0.2
    scores = np.concatenate(
        [only(weak_share=share).detect(two_people, rig, RNG(i))[..., 2] for i in range(80)]
    ).reshape(-1, 17)
    for names, factor in ((('elbow', 'knee'), 0.5), (('wrist', 'ankle'), 0.3)):
        joints = COCO17.index(*(f'{side}_{name}' for name in names for side in ('left', 'right')))
        weak = scores[:, joints] < 1
        np.testing.assert_allclose(scores[:, joints][weak], factor, atol=1e-6)
        assert weak.mean() == pytest.approx(share, abs=binomial_spread(share, weak.size))
    assert (scores[:, COCO17.index('nose', 'left_hip', 'right_shoulder')] == 1).all()


def test_rows_mean_nothing_across_views(two_people, rig):
    first = 0
    trials = 300
    for i in range(trials):
        detections = DetectorNoise.none().detect(two_people, rig, RNG(i))
        uv = rig.cameras[0].project(two_people.poses)[0]
        first += np.abs(detections[0, 0, :, :2] - uv[0]).max() < 0.01
    assert first / trials == pytest.approx(0.5, abs=binomial_spread(0.5, trials))
    orders = set()
    for i in range(30):
        detections = DetectorNoise.none().detect(two_people, rig, RNG(i))
        uv = rig.project(two_people.poses)[0]
        orders.add(tuple(np.abs(detections[:, 0, :, :2] - uv[:, 0]).max((1, 2)) < 0.01))
    assert len(orders) > 8  # of the 16 that four views allow


def test_joints_outside_the_image_are_not_reported(rig):
    camera = rig.cameras[0]
    pose = built_in_poses(1, RNG(0), ('stand',))
    # Close to the camera's foot: only the upper body is in the image.
    spot = camera.center_w[:2] * (1 - 2000 / np.linalg.norm(camera.center_w[:2]))
    scene = place(pose, spot)
    uv, valid = camera.project(scene.poses[0])
    outside = ~valid | (uv < -0.5).any(-1) | (uv >= np.array(SIZE) - 0.5).any(-1)
    assert 3 < outside.sum() < 14
    for i in range(30):
        noise = DetectorNoise(
            jitter=0.0, outlier_share=0.0, swap_share=0.0, false_positive_rate=0.0
        )
        view = noise.detect(scene, rig, RNG(i))[0]
        assert (view[:, outside, 2] == 0).all()
    assert (DetectorNoise.none().detect(scene, rig, RNG(0))[0, 0, ~outside, 2] == 1).all()


def facing(azimuth):
    """A camera 4 m away in this direction (degrees) from a person who faces +x."""
    a = np.deg2rad(azimuth)
    center = (4000 * np.cos(a), 4000 * np.sin(a), 1600)
    return CameraRig((Camera.looking_at('one', center, (0, 0, 1200), 900, SIZE),))


@pytest.mark.parametrize(
    'azimuth, hidden',
    [
        (0, set()),
        (180, {'nose', 'left_eye', 'right_eye'}),
        (90, {'right_eye', 'right_ear'}),
        (-90, {'left_eye', 'left_ear'}),
    ],
)
def test_the_head_hides_its_far_side(azimuth, hidden):
    face = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
    pose = built_in_poses(200, RNG(0), ('stand',))
    ears = pose[:, COCO17.index('left_ear', 'right_ear')]
    nose = pose[:, 0] - ears.mean(1)
    straight = np.argmin(np.abs(np.arctan2(nose[:, 1], nose[:, 0])))
    scene = place(pose[[straight]], (0, 0))
    rig = facing(azimuth)
    scores = only(far_face_share=1.0).detect(scene, rig, RNG(0))[0, 0, :, 2]
    assert {name for name, s in zip(COCO17.joints, scores) if s == 0} == hidden
    # At a share, only those, each as often as said.
    lost = np.zeros(17)
    for i in range(200):
        lost += only(far_face_share=0.5).detect(scene, rig, RNG(i))[0, 0, :, 2] == 0
    for name, share in zip(COCO17.joints, lost / 200):
        wanted = 0.5 if name in hidden else 0.0
        assert share == pytest.approx(wanted, abs=binomial_spread(0.5, 200)), name
        assert name in hidden or name not in face or share == 0


def test_a_head_whose_ears_are_unknown_hides_nothing():
    pose = built_in_poses(1, RNG(0), ('stand',))
    visible = np.ones((1, 17), dtype=bool)
    visible[:, COCO17.index('left_ear', 'right_ear')] = False
    poses = np.where(visible[..., None], pose, 0.0)
    scores = only(far_face_share=1.0).detect(Scene(poses, visible), facing(180), RNG(0))[..., 2]
    assert scores[0, 0, COCO17.index('nose')] == 1


def test_who_stands_before_another_covers_the_same_joints():
    camera = Camera.looking_at('one', (5000, 0, 1000), (0, 0, 1000), 900, SIZE)
    rig = CameraRig((camera,))
    pose = built_in_poses(1, RNG(1), ('stand',))
    behind = place(np.repeat(pose, 2, 0), (0, 0), (1500, 0))
    aside = place(np.repeat(pose, 2, 0), (0, 0), (1500, 1500))

    def joints(scene):
        return sorted((only(occluded_share=1.0).detect(scene, rig, RNG(0))[0, ..., 2] > 0).sum(1))

    assert joints(aside) == [17, 17]
    assert joints(behind)[1] == 17 and joints(behind)[0] < 14


def test_a_person_partly_behind_the_camera_covers_others_still():
    camera = Camera.looking_at('one', (5000, 0, 1000), (0, 0, 1000), 500, SIZE)
    rig = CameraRig((camera,))
    pose = built_in_poses(1, RNG(1), ('stand',))
    near = pose.copy()
    near[0, COCO17.index('left_wrist', 'left_elbow')] = (2000, 900, 1000)  # behind the lens
    scene = place(np.concatenate([pose, near]), (0, 0), (3600, 0))
    assert not camera.project(scene.poses[1])[1].all()
    views = only(occluded_share=1.0).detect(scene, rig, RNG(0))[0]
    assert (views[..., 2] > 0).sum() < (
        DetectorNoise.none().detect(scene, rig, RNG(0))[..., 2] > 0
    ).sum()


def test_a_person_with_too_few_joints_is_not_detected(two_people, rig):
    hidden = np.zeros((2, 17), dtype=bool)
    hidden[0, :4] = hidden[1, :3] = True
    scene = Scene(two_people.poses, hidden)
    counts = (only(min_joints=4).detect(scene, rig, RNG(0))[..., 2] > 0).sum(-1)
    assert sorted(set(counts.ravel())) == [4]


def test_an_empty_room_has_no_detections(rig):
    scene = Scene(np.zeros((0, 17, 3)), np.zeros((0, 17), dtype=bool))
    assert DetectorNoise(false_positive_rate=3.0).detect(scene, rig, RNG(0)).shape == (4, 0, 17, 3)


def test_all_faults_together_stay_sound_and_seeded(crowd, rig):
    noise = DetectorNoise(false_positive_rate=0.5)
    for i, scene in enumerate(crowd):
        before = scene.poses.copy()
        first, second = (noise.detect(scene, rig, RNG(i)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert np.isfinite(first).all()
        assert first[..., 2].min() >= 0 and first[..., 2].max() <= 1
        assert (first[first[..., 2] == 0] == 0).all()
        counts = (first[..., 2] > 0).sum(-1)
        assert ((counts == 0) | (counts >= noise.min_joints)).all()
        np.testing.assert_array_equal(scene.poses, before)


def test_a_detection_is_the_same_whatever_is_detected_beside_it(crowd, rig):
    noise = DetectorNoise(false_positive_rate=0.5, swap_share=0.2)
    scenes = [*crowd, Scene(np.zeros((0, 17, 3)), np.zeros((0, 17), dtype=bool))]
    rngs = [RNG((5, i)) for i in range(len(scenes))]
    for i, found in enumerate(noise.detect_many(Crowd.of(scenes), rig, rngs)):
        alone = noise.detect(scenes[i], rig, RNG((5, i)))
        np.testing.assert_array_equal(found, alone)
        assert found.flags['OWNDATA'] or found.base.nbytes == found.nbytes


@pytest.mark.parametrize(
    'option', [dict(missed_joint_share=4.0), dict(jitter=-1.0), dict(score=(0.9, -0.1))]
)
def test_parameters_out_of_range_are_refused(option):
    with fails(InputError, code='out-of-range', found=option):
        DetectorNoise(**option)


def test_swap_probabilities_add_up_to_one_at_most(two_people, rig):
    shares = dict(swap_share=0.7, whole_swap_share=0.4)
    with fails(InputError, code='out-of-range', found=shares, expected=1):
        DetectorNoise(**shares)
    for limbs, whole in ((1.0, 0.0), (0.0, 1.0), (0.3, 0.7), (0.1, 0.9)):
        always = only(swap_share=limbs, whole_swap_share=whole)
        exact = DetectorNoise.none().detect(two_people, rig, RNG(0))
        swapped = always.detect(two_people, rig, RNG(0))
        # Every person of every view is swapped, and by one of the two swaps only.
        assert (swapped != exact).any((2, 3)).all()
