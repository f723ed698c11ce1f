"""Simulated detector noise is recovered from the detections, without 3D ground truth."""

import dataclasses

import numpy as np
import pytest
from errors import fails

from mmpose_ours.calibration import fit_space, read_rig
from mmpose_ours.errors import InputError
from mmpose_ours.io.package_files import share
from mmpose_ours.noise_estimation.fit import Measured, TooLittleError, fit_noise
from mmpose_ours.noise_estimation.joint_errors import ErrorModel, Residuals, fit_errors
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler
from mmpose_ours.synthetic.draws import Streams

# What issue 5 asks for, at several plantings and for seeds fixed before anybody looked.
WITHIN = 0.15
PLANTED = {
    'calm': dict(jitter=0.3, missed_joint_share=0.05, swap_share=0.12),
    'wild': dict(jitter=0.7, missed_joint_share=0.1, swap_share=0.2),
}
SEEDS = {'calm': 11, 'wild': 12}
SWAP_SEEDS = {'calm': (11, 12), 'wild': (13, 14)}


def five_cameras():
    return read_rig(share('configs') / 'ours' / 'rigs' / 'five_cameras.json')


def recording(noise, scenes, rig, seed=0, people=(2, 4)):
    """Detections of synthetic people, one array per frame."""
    bank = PoseBank.built_in(500).in_skeleton(SKELETONS[noise.joints])
    sampler = SceneSampler(rig, fit_space(rig), bank, people=people)
    rngs = Streams(seed)(range(scenes))
    return noise.detect_many(sampler.sample_many(rngs), rig, rngs)


@pytest.fixture(scope='module')
def fits():
    """Planted among the default noise: outliers, occlusion, misses, false positives."""
    rig = five_cameras()
    return {
        name: fit_noise(rig, recording(DetectorNoise(**PLANTED[name]), 130, rig, seed))
        for name, seed in SEEDS.items()
    }


@pytest.fixture(scope='module')
def fitted(fits):
    return fits['wild']


@pytest.mark.parametrize('name', PLANTED)
def test_planted_jitter_and_misses_are_recovered(fits, name):
    noise, planted = fits[name].noise, PLANTED[name]
    assert np.mean(noise.jitter) == pytest.approx(planted['jitter'], rel=WITHIN)
    # Each joint by itself too: the shape of the noise is COCO's.
    np.testing.assert_allclose(noise.jitter, planted['jitter'], rtol=0.2)
    missed = planted['missed_joint_share']
    assert np.mean(noise.missed_joint_share) == pytest.approx(missed, rel=WITHIN)


@pytest.mark.slow
def test_planted_swaps_are_recovered():
    """All recordings together, as a hundred swaps vary by a tenth; each within its chance."""
    rig = five_cameras()
    found = expected = 0.0
    for name, seeds in SWAP_SEEDS.items():
        planted = DetectorNoise(**PLANTED[name])
        for seed in seeds:
            swaps = Measured(rig, recording(planted, 200, rig, seed)).swaps
            seen = sum(count for count, _ in swaps.limbs.values())
            assert seen > 50
            chance = 3 / np.sqrt(seen)
            assert swaps.limb_share == pytest.approx(planted.swap_share, rel=chance), (name, seed)
            found, expected = found + seen, expected + seen * planted.swap_share / swaps.limb_share
    assert found == pytest.approx(expected, rel=WITHIN)


def test_what_was_not_planted_is_not_found(fitted):
    noise = fitted.noise
    assert max(noise.duplicate_share, noise.split_share, noise.whole_swap_share) < 0.005
    assert noise.score_error < 0.05
    assert not np.any(noise.joint_bias)
    # The other parameters are near their defaults.
    default = DetectorNoise()
    for name in (
        'far_face_share',
        'lower_body_share',
        'missed_person_share',
        'false_positive_rate',
    ):
        assert getattr(noise, name) == pytest.approx(getattr(default, name), rel=0.5), name


def test_a_simulation_with_the_fit_resembles_the_recording(fitted):
    for name in ('people_per_view', 'views_per_person'):
        assert fitted.simulated[name] == pytest.approx(fitted.recorded[name], rel=0.05), name
    both = fitted.recorded, fitted.simulated
    recorded, simulated = (np.array(f['residual_quantiles']) for f in both)
    np.testing.assert_allclose(simulated[:5], recorded[:5], rtol=0.1)


def test_what_nothing_could_show_keeps_its_default():
    """One person alone is never behind another."""
    noise = DetectorNoise(occluded_share=0.9, false_positive_rate=0.0)
    rig = five_cameras()
    alone = fit_noise(rig, recording(noise, 70, rig, people=(1, 1)))
    assert alone.counts['occluded_share'][1] < 30
    assert alone.noise.occluded_share == DetectorNoise().occluded_share


def test_a_fit_can_be_written_and_read(fitted, tmp_path):
    fitted.write(tmp_path / 'noise.json', 'a test')
    assert dataclasses.asdict(DetectorNoise.read(tmp_path / 'noise.json')) == dataclasses.asdict(
        dataclasses.replace(fitted.noise, joint_bias=[])
    )


def test_errors_are_fitted_to_points_alone():
    """Points seen by six level cameras 30 degrees apart, errors drawn by NumPy."""
    rng = np.random.default_rng(0)
    turns = np.arange(6) * np.pi / 6
    slope = np.array([[[np.cos(a), np.sin(a), 0], [0, 0, 1]] for a in turns])
    std = np.linspace(0.01, 0.03, 17)
    std = (std + std[SKELETONS['coco17'].flip_order]) / 2  # sides are taken together
    shape = 6, 1000, 17
    error = rng.normal(size=(*shape, 2)) * std[:, None]
    wild = rng.random(shape) < 0.04
    error[wild] = rng.normal(size=(wild.sum(), 2)) * 0.15
    moved = rng.normal(size=(*shape[1:], 3)) * 30
    offset = np.einsum('vai,nji->vnja', slope, moved) + 200 * error
    slopes = np.broadcast_to(slope[:, None, None], (*shape, 2, 3))
    size = np.full(shape[:2], 200.0)
    residuals = Residuals(
        np.zeros((*shape, 2)), offset, slopes, size, np.ones(shape, bool), np.zeros(shape)
    )
    model, posterior = fit_errors(residuals, ErrorModel.initial())
    np.testing.assert_allclose(model.std, std, rtol=0.06)
    assert model.outlier_share == pytest.approx(0.04, rel=0.25)
    assert model.outlier_spread == pytest.approx(0.15, rel=0.15)
    assert (posterior.outlier[wild] > 0.5).mean() > 0.8


def test_two_cameras_cannot_judge_each_other():
    rig = five_cameras()
    pair = rig.select(rig.names[:2])
    with fails(TooLittleError, code='no-data', found=2, expected=3):
        fit_noise(pair, [np.zeros((2, 1, 17, 3))])


def test_too_few_people_are_said_with_their_number():
    rig = five_cameras()
    with fails(TooLittleError, code='no-data', expected=60) as caught:
        fit_noise(rig, recording(DetectorNoise(), 5, rig))
    assert 0 < caught.value.found < 60
    with fails(TooLittleError, code='no-data', found=0, expected=60):
        fit_noise(rig, [np.zeros((5, 0, 17, 3))] * 3)


def test_feet_have_noise_of_their_own():
    """Toes and heels are planted with more noise than the joints of COCO-17."""
    halpe, rig = SKELETONS['halpe26'], five_cameras()
    feet = halpe.index(*(name for name in halpe.joints if name.endswith(('toe', 'heel'))))
    rest = np.setdiff1d(np.arange(26), feet)
    jitter, missed = np.full(26, 0.4), np.full(26, 0.05)
    jitter[feet], missed[feet] = 0.8, 0.2
    planted = DetectorNoise(
        jitter=jitter.tolist(), missed_joint_share=missed.tolist(), joints='halpe26'
    )
    noise = fit_noise(rig, recording(planted, 110, rig, seed=21), joints='halpe26').noise
    assert noise.joints == 'halpe26' and len(noise.jitter) == 26
    found, lost = np.array(noise.jitter), np.array(noise.missed_joint_share)
    assert found[feet].mean() == pytest.approx(0.8, rel=WITHIN)
    assert found[rest].mean() == pytest.approx(0.4, rel=WITHIN)
    assert lost[feet].mean() == pytest.approx(0.2, rel=WITHIN)
    assert lost[rest].mean() == pytest.approx(0.05, rel=0.25)


@pytest.mark.parametrize('name', ['panoptic15', 'h36m17'])
def test_a_skeleton_without_the_joints_of_the_model_is_refused(name):
    joints = len(SKELETONS[name].joints)
    with fails(InputError, code='cannot-express') as caught:
        fit_noise(five_cameras(), [np.zeros((5, 1, joints, 3))], joints=name)
    assert 'left_eye' in caught.value.found
