import numpy as np
import pytest
from errors import fails
from synthetic_rigs import COCO17, joint

from mmpose_ours.errors import InputError
from mmpose_ours.synthetic import ACTIONS, built_in_poses
from mmpose_ours.synthetic.poses.body_model import ACTION_WEIGHTS, LIMITS, REST

COUNT = 400
# Millimetres between joints of people 1.25 to 2.05 m tall, with bones 16 % (four spreads) off.
BONES = {
    ('hip', 'knee'): (240, 560),
    ('knee', 'ankle'): (240, 560),
    ('shoulder', 'elbow'): (175, 410),
    ('elbow', 'wrist'): (150, 350),
}


@pytest.fixture(scope='module', params=list(ACTIONS))
def people(request):
    return built_in_poses(COUNT, np.random.default_rng(5), (request.param,))


def length(poses, a, b):
    return np.linalg.norm(joint(poses, a) - joint(poses, b), axis=-1)


def flexion(poses, side, upper, middle, lower):
    """(N,) degrees by which a limb is bent at its middle joint, and its plane's normal."""
    first = joint(poses, f'{side}_{middle}') - joint(poses, f'{side}_{upper}')
    second = joint(poses, f'{side}_{lower}') - joint(poses, f'{side}_{middle}')
    cosine = (first * second).sum(-1)
    cosine /= np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return np.rad2deg(np.arccos(np.clip(cosine, -1, 1))), np.cross(first, second)


def test_every_action_is_described_in_full():
    assert set(ACTION_WEIGHTS) == set(ACTIONS)
    assert set(REST) - {'stride'} == set(LIMITS)
    for name, angles in ACTIONS.items():
        assert set(angles) <= set(REST), name


def test_limbs_are_human_and_equal_on_both_sides(people):
    assert people.shape == (COUNT, 17, 3) and np.isfinite(people).all()
    for (a, b), (low, high) in BONES.items():
        left, right = (length(people, f'{side}_{a}', f'{side}_{b}') for side in ('left', 'right'))
        np.testing.assert_allclose(left, right, atol=1e-6)
        assert low < left.min() and left.max() < high, (a, b)
    assert 200 < length(people, 'mid_hip', 'mid_shoulder').min()
    assert length(people, 'mid_hip', 'mid_shoulder').max() < 720
    assert 100 < length(people, 'left_hip', 'right_hip').min()
    assert length(people, 'left_shoulder', 'right_shoulder').max() < 480
    ears = length(people, 'left_ear', 'right_ear')
    assert 80 < ears.min() and ears.max() < 230


def test_bone_lengths_vary_with_stature():
    poses = built_in_poses(3000, np.random.default_rng(0), ('stand',))
    leg = length(poses, 'left_hip', 'left_knee') + length(poses, 'left_knee', 'left_ankle')
    # Stature spreads by 6.5 % and each of two bones by 4 %.
    assert leg.mean() == pytest.approx(0.467 * 1700, rel=0.01)
    assert leg.std() / leg.mean() == pytest.approx(np.hypot(0.065, 0.04 / 2**0.5), rel=0.1)


def test_knees_bend_backwards_only(people):
    for side in ('left', 'right'):
        angle, normal = flexion(people, side, 'hip', 'knee', 'ankle')
        assert angle.max() <= LIMITS['knee_flexion'][1] + 1e-6
        # The leg's own left: its two bones and the bend turn about it, rotated and abducted.
        bent = angle > 1
        turned = np.rad2deg(np.arctan2(-normal[:, 0], normal[:, 1]))[bent]
        low, high = LIMITS['hip_rotation']
        assert (normal[bent, 1] > 0).all(), 'a shin points forward of its thigh'
        assert np.abs(turned).max() <= max(-low, high) + 30


def test_elbows_do_not_bend_past_their_limit(people):
    for side in ('left', 'right'):
        angle, _ = flexion(people, side, 'shoulder', 'elbow', 'wrist')
        assert angle.max() <= LIMITS['elbow_flexion'][1] + 1e-6


def test_a_hanging_arms_elbow_bends_forward():
    poses = built_in_poses(COUNT, np.random.default_rng(5), ('stand',))
    for side in ('left', 'right'):
        upper = joint(poses, f'{side}_elbow') - joint(poses, f'{side}_shoulder')
        lower = joint(poses, f'{side}_wrist') - joint(poses, f'{side}_elbow')
        angle, _ = flexion(poses, side, 'shoulder', 'elbow', 'wrist')
        bent = (angle > 30) & (upper[:, 2] < -0.9 * np.linalg.norm(upper, axis=-1))
        assert bent.sum() > 20
        assert (lower[bent, 0] > 0).mean() > 0.9


def test_feet_are_on_the_floor(people):
    ankles = people[:, COCO17.index('left_ankle', 'right_ankle'), 2].min(1)
    assert people[..., 2].min() > 0
    assert 60 < ankles.min() and ankles.max() < 200
    np.testing.assert_allclose(joint(people, 'mid_hip')[:, :2], 0, atol=1e-9)
    assert joint(people, 'mid_hip')[:, 2].min() > 100


def test_heads_are_above_shoulders_above_hips_when_standing():
    poses = built_in_poses(COUNT, np.random.default_rng(1), ('stand', 'walk', 'arms_out'))
    nose, shoulders, hips = (
        joint(poses, name)[:, 2] for name in ('nose', 'mid_shoulder', 'mid_hip')
    )
    assert (nose > shoulders + 30).all() and (shoulders > hips + 250).all()
    # They face +x.
    assert (joint(poses, 'nose')[:, 0] > joint(poses, 'mid_ear')[:, 0]).mean() > 0.99
    assert (joint(poses, 'left_hip')[:, 1] > joint(poses, 'right_hip')[:, 1]).all()


def test_actions_look_like_their_names():
    def median(action, name):
        poses = built_in_poses(COUNT, np.random.default_rng(2), (action,))
        return float(np.median(joint(poses, name)[:, 2]))

    assert median('sit', 'mid_hip') < 0.75 * median('stand', 'mid_hip')
    assert median('crouch', 'mid_hip') < 0.75 * median('stand', 'mid_hip')
    assert median('bend_over', 'nose') < 0.85 * median('stand', 'nose')
    assert median('arms_up', 'left_wrist') > median('arms_up', 'nose')
    assert median('stand', 'left_wrist') < median('stand', 'mid_shoulder') - 200


def test_a_leaning_trunk_moves_the_shoulders_aside(monkeypatch):
    monkeypatch.setitem(REST, 'lean', (20, 0))
    monkeypatch.setitem(REST, 'twist', (0, 0))
    poses = built_in_poses(50, np.random.default_rng(0), ('stand',))
    aside = joint(poses, 'mid_shoulder')[:, 1]
    tilt = joint(poses, 'left_shoulder')[:, 2] - joint(poses, 'right_shoulder')[:, 2]
    assert (aside < -50).all() and (tilt > 50).all()


def test_the_same_generator_state_gives_the_same_people():
    first, second, other = (built_in_poses(20, np.random.default_rng(seed)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 10


def test_all_actions_are_drawn_by_weight():
    poses = built_in_poses(4000, np.random.default_rng(0))
    seated = (joint(poses, 'mid_hip')[:, 2] < 650).mean()
    weights = np.array(list(ACTION_WEIGHTS.values()))
    share = (ACTION_WEIGHTS['sit'] + ACTION_WEIGHTS['crouch']) / weights.sum()
    assert seated == pytest.approx(share, abs=0.04)


def test_an_unknown_action_is_an_error_that_lists_the_known():
    with fails(InputError, code='unknown-name', found=['swim'], expected=list(ACTIONS)):
        built_in_poses(1, np.random.default_rng(0), ('walk', 'swim'))
