"""Left and right that are exchanged in some views are found, and nothing else is."""

import dataclasses

import numpy as np
import pytest
from synthetic_rigs import SPACE, ring_rig

from mmpose_ours.noise_estimation.joint_errors import ErrorModel, Residuals
from mmpose_ours.noise_estimation.swaps import find_swaps
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import built_in_poses

COCO17 = SKELETONS['coco17']
ARMS = COCO17.index('left_elbow', 'right_elbow', 'left_wrist', 'right_wrist')
LEGS = COCO17.index('left_knee', 'right_knee', 'left_ankle', 'right_ankle')
EVERY = np.arange(17)
JITTER_PX = 2.0


def seen_people(cameras, limbs, shares, seed):
    """Pixels of people seen by everyone, with noise by NumPy and limbs exchanged by hand.

    Args:
        cameras: V, on a ring.
        limbs: Joints that are exchanged together.
        shares: Of each kind of limb.
        seed: Of people and noise.

    Returns:
        Residuals at the true points, the model of the noise, and (V, N) which limbs were exchanged,
        from 0, or -1.
    """
    rng = np.random.default_rng(seed)
    rig = ring_rig(cameras)
    poses = np.asarray(built_in_poses(600, rng, ('stand', 'walk')), float)
    poses[..., :2] += (rng.random((len(poses), 1, 2)) - 0.5) * np.array(SPACE.size_mm[:2]) * 0.5
    uv = rig.project(poses)[0]
    size = np.ptp(uv, axis=2).max(-1)
    uv += rng.normal(size=uv.shape) * JITTER_PX
    drawn = rng.random(uv.shape[:2])
    which = np.full(drawn.shape, -1)
    for number, joints in enumerate(limbs):
        chosen = (drawn >= sum(shares[:number])) & (drawn < sum(shares[: number + 1]))
        which[chosen] = number
        view, person = np.nonzero(chosen)
        turned = np.array(COCO17.flip_order)[joints]
        uv[view[:, None], person[:, None], joints] = uv[view[:, None], person[:, None], turned]
    keypoints = np.concatenate([uv, np.ones_like(uv[..., :1])], -1)
    found = np.ones(uv.shape[:3], bool)
    residuals = Residuals.of(rig, poses, keypoints, size, found, np.zeros(found.shape))
    return (
        residuals,
        dataclasses.replace(ErrorModel.initial(), std=np.full(17, JITTER_PX / np.median(size))),
        which,
    )


@pytest.mark.parametrize(('cameras', 'share'), [(5, 0.03), (5, 0.15), (3, 0.06)])
def test_the_share_of_limbs_exchanged_is_what_was_drawn(cameras, share):
    """One of three has arms exchanged, two have legs, as the noise model draws them."""
    residuals, model, which = seen_people(cameras, (ARMS, LEGS), (share / 3, share * 2 / 3), seed=5)
    found = find_swaps(residuals, model)
    events = sum(count for count, _ in found.limbs.values())
    assert events > 30
    # Those that can be decided are half of all, so that they may have more or fewer than all.
    chance = 2 * np.sqrt(0.5 / events)
    assert found.limb_share == pytest.approx((which >= 0).mean(), rel=0.05 + chance)
    assert found.whole[0] <= 0.002 * found.whole[1]


@pytest.mark.parametrize('cameras', [3, 5])
def test_who_is_exchanged_is_put_right_and_nobody_else(cameras):
    residuals, model, which = seen_people(cameras, (ARMS, LEGS), (0.02, 0.02), seed=6)
    source = find_swaps(residuals, model).source
    alone = ((which >= 0).sum(0) == 1) & (which >= 0)  # two of three views would outvote one
    for number, joints in enumerate((ARMS, LEGS)):
        turned = (source[..., joints] != joints).all(-1)
        assert (turned & ~(which == number))[:, (which >= 0).sum(0) < 2].mean() < 0.002
        assert turned[alone & (which == number)].mean() > 0.5


def test_a_whole_body_is_not_taken_for_limbs():
    residuals, model, which = seen_people(5, (EVERY,), (0.05,), seed=7)
    found = find_swaps(residuals, model)
    assert found.whole_share == pytest.approx((which == 0).mean(), rel=0.15)
    assert found.limb_share < 0.002
