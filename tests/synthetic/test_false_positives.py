"""Noise that is off by default: bias, swaps of whole people, duplicates, split detections."""

import dataclasses

import numpy as np
import pytest
from errors import fails
from synthetic_rigs import COCO17, SIZE, SPACE, binomial_spread, place, ring_rig

from mmpose_ours.errors import InputError
from mmpose_ours.synthetic import DetectorNoise, PoseBank, Scene, SceneSampler, built_in_poses
from mmpose_ours.synthetic.joint_noise import COCO_SIGMAS, JointNoise

RNG = np.random.default_rng
FLIP = COCO17.flip_order


@pytest.fixture(scope='module')
def rig():
    return ring_rig()


@pytest.fixture(scope='module')
def person():
    """One who stands wholly inside every view."""
    return place(built_in_poses(1, RNG(3), ('stand',)), (0, 0))


def only(**parameters):
    return dataclasses.replace(DetectorNoise.none(), **parameters)


def clean(scene, rig):
    return DetectorNoise.none().detect(scene, rig, RNG(0))


def many(noise, scene, rig, count=300):
    """(count, V, P, 17, 3), padded to the most people."""
    found = [noise.detect(scene, rig, RNG(i)) for i in range(count)]
    most = max(view.shape[1] for view in found)
    return np.stack([np.pad(f, [(0, 0), (0, most - f.shape[1]), (0, 0), (0, 0)]) for f in found])


def test_numbers_for_all_joints_equal_one_number_for_each(person, rig):
    one = DetectorNoise(jitter=0.7, missed_joint_share=0.1).detect(person, rig, RNG(1))
    each = DetectorNoise(
        jitter=[0.7] * 17, missed_joint_share=[0.1] * 17, joint_score=[(0.85, 0.1)] * 17
    ).detect(person, rig, RNG(1))
    np.testing.assert_allclose(one, each, rtol=1e-6)


def test_each_joint_has_its_own_jitter_misses_and_scores(person, rig):
    jitter, missed = np.full(17, 0.3), np.zeros(17)
    jitter[9], missed[15] = 1.2, 0.5
    scores = np.tile([0.9, 0.0], (17, 1))
    scores[3] = 0.4, 0.0
    noise = only(jitter=jitter, missed_joint_share=missed, joint_score=scores)
    found = many(noise, person, rig)[:, :, 0]
    size = np.ptp(clean(person, rig)[:, 0, :, :2], axis=1).max(-1)
    spread = (found[..., :2].std(0) / size[:, None, None])[..., :9, :].mean((0, -1))
    np.testing.assert_allclose(spread, 0.15 * COCO_SIGMAS[:9], rtol=0.1)
    wrist = found[..., 9, :2].std(0) / size[:, None]
    assert wrist.mean() == pytest.approx(0.6 * COCO_SIGMAS[9], rel=0.1)
    lost = (found[..., 15, 2] == 0).mean()
    assert lost == pytest.approx(0.5, abs=binomial_spread(0.5, 300 * 4))
    np.testing.assert_allclose(found[..., 3, 2], 0.4, atol=1e-6)
    np.testing.assert_allclose(found[..., 4, 2], 0.9, atol=1e-6)


def test_bias_is_right_and_down_in_sizes_of_the_body(person, rig):
    bias = np.zeros((17, 2))
    bias[5] = 0.03, -0.02
    before = clean(person, rig)[:, 0]
    size = np.ptp(before[..., :2], axis=1).max(-1)
    moved = only(joint_bias=bias).detect(person, rig, RNG(0))[:, 0] - before
    np.testing.assert_allclose(moved[..., :2], bias * size[:, None, None], atol=1e-3)


def test_people_are_wholly_swapped_at_the_stated_share(person, rig):
    share = 0.3
    found = many(only(whole_swap_share=share), person, rig)[:, :, 0, :, :2]
    before = clean(person, rig)[:, 0, :, :2]
    swapped = np.abs(found - before).max((-1, -2)) > 1
    assert swapped.mean() == pytest.approx(share, abs=binomial_spread(share, swapped.size))
    there = np.broadcast_to(before[:, FLIP], found.shape)
    np.testing.assert_allclose(found[swapped], there[swapped], atol=1e-3)


def test_people_are_found_twice_at_the_stated_share(person, rig):
    share = 0.3
    found = many(only(duplicate_share=share), person, rig)
    twice = ((found[..., 2] > 0).sum(-1) > 0).sum(-1) == 2
    assert twice.mean() == pytest.approx(share, abs=binomial_spread(share, twice.size))
    weaker = np.where(found[..., 2] > 0, found[..., 2], np.inf).min((-1, -2))[twice]
    assert (weaker < 0.91).all()  # the first detection keeps its score of 1


def test_split_detections_make_up_the_person_again(person, rig):
    share = 0.4
    found = many(only(split_share=share), person, rig)
    split = ((found[..., 2] > 0).sum(-1) > 0).sum(-1) == 2
    assert split.mean() == pytest.approx(share, abs=binomial_spread(share, split.size))
    joined = found.sum(2)
    np.testing.assert_allclose(joined, np.broadcast_to(clean(person, rig)[:, 0], joined.shape))
    legs = (found[..., 2] > 0)[split][..., JointNoise.of(COCO17).below_waist]
    assert (legs.all(-1) | ~legs.any(-1)).all()


@pytest.fixture(scope='module')
def near_rig():
    """Cameras so near that they see many people in part."""
    return ring_rig(radius=3300.0)


def cut_scenes(rig, count=80):
    """Scenes of people many of whom the edges of the images cut."""
    sampler = SceneSampler(rig, SPACE, PoseBank.built_in(300), people=(2, 3), seen_share=0.3)
    return [sampler.sample(RNG(i)) for i in range(count)]


def test_joints_are_lost_at_the_border_alone(near_rig):
    near = lost = 0
    for i, scene in enumerate(cut_scenes(near_rig)):
        scene = Scene(scene.poses[:1], scene.visible[:1])
        before, after = (
            only(border_share=s).detect(scene, near_rig, RNG(i))[:, 0] for s in (0, 0.5)
        )
        seen, uv = before[..., 2] > 0, before[..., :2]
        low = np.where(seen[..., None], uv, np.inf).min(-2)
        high = np.where(seen[..., None], uv, -np.inf).max(-2)
        size = np.where(seen.any(-1), (high - low).max(-1), 0)
        edge = seen & (np.minimum(uv, np.array(SIZE) - 1 - uv).min(-1) < 0.06 * size[:, None])
        gone = seen & (after[..., 2] == 0)
        assert not (gone & ~edge).any()
        near, lost = near + edge.sum(), lost + gone.sum()
    assert near > 40
    assert lost / near == pytest.approx(0.5, abs=binomial_spread(0.5, near))


def test_people_whom_the_edge_cuts_are_lost_at_the_stated_share(near_rig):
    cut = whole = found = 0
    for i, scene in enumerate(cut_scenes(near_rig)):
        inside = (near_rig.sees(scene.poses) & scene.visible).sum(-1)
        is_cut = inside < 0.6 * scene.visible.sum(-1)
        cut, whole = cut + (is_cut & (inside > 0)).sum(), whole + (~is_cut).sum()
        detections = only(cut_person_share=0.7).detect(scene, near_rig, RNG(i))
        found += (detections[..., 2] > 0).any(-1).sum()
    assert cut > 60
    assert (found - whole) / cut == pytest.approx(0.3, abs=binomial_spread(0.3, cut))


def test_low_scores_go_with_large_errors(person, rig):
    noise = only(jitter=0.4, score=(0.6, 0.05), score_error=0.5)
    found = many(noise, person, rig, 600)[:, :, 0]
    error = np.linalg.norm(found[..., :2] - clean(person, rig)[:, 0, :, :2], axis=-1)
    size = np.ptp(clean(person, rig)[:, 0, :, :2], axis=1).max(-1)
    error /= size[:, None] * 0.2 * COCO_SIGMAS
    # The root mean square along an axis stays what was asked for.
    assert np.sqrt((error**2).mean() / 2) == pytest.approx(1, rel=0.05)
    z = (found[..., 2] - 0.6) / (0.05 * 1.25**0.5)
    low, high = error[z < -1], error[z > 1]
    expected = np.exp(-0.5 * z[z < -1].mean()) / np.exp(-0.5 * z[z > 1].mean())
    assert np.median(low) / np.median(high) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(
    ('option', 'code'),
    [
        (dict(jitter=[0.4] * 16), 'wrong-shape'),
        (dict(joint_bias=[0.1] * 17), 'wrong-shape'),
        (dict(missed_joint_share=[0.1] * 16 + [2.0]), 'out-of-range'),
        (dict(score_error=float('nan')), 'not-finite'),
        (dict(score='high'), 'not-finite'),
    ],
)
def test_faults_that_cannot_be_are_refused(option, code):
    with fails(InputError, code=code, found=option):
        DetectorNoise(**option)
