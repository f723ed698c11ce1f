"""How often a detector loses joints and people, as the other views tell.

A joint counts where two other views have it and it is inside the image; a person where others
have it and enough of it should be seen. What nearer people, the own head and the edge of the
image do is decided by the same geometry that :class:`~mmpose_ours.synthetic.DetectorNoise`
draws with.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.noise_estimation.observations import Observations
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.crowd import Crowd
from mmpose_ours.synthetic.detector_noise import is_truncated
from mmpose_ours.synthetic.occlusion import (
    BORDER_WIDTH,
    FACE,
    OCCLUSION_RADIUS,
    at_border,
    far_side_of_head,
    joint_box,
    occluded_by_people,
    project_joints,
)

COCO17 = SKELETONS['coco17']
LOWER = COCO17.index('left_knee', 'right_knee', 'left_ankle', 'right_ankle')
HEAD = COCO17.index('nose', 'left_ear', 'right_ear')
# A person should be found who shows so many joints, in view of nobody nearer.
SHOWN_JOINTS = 8
# Cut by the edge of the image, one who shows so many.
CUT_JOINTS = 5
ROUNDS = 30
# Joints nearly hidden, or nearly outside, are not asked: their places are known to a share of a
# body's size only. The reaches that make a joint surely hidden, and surely not.
SURE, SURELY_NOT = 0.7, 1.8
# What is as near to the edge may be outside.
UNSURE_BORDER = 0.025
# Which way a head faces is known to its ears' errors: so many of them make one sure.
SURE_OF_HEAD = 3.0
# A joint's share starts as that of all joints, estimated from so many cases.
CASES_BEFORE = 30


@dataclasses.dataclass(frozen=True)
class Share:
    """How many of how many, and the share that follows."""

    count: float
    of: float
    share: float

    @classmethod
    def plain(cls, mask: np.ndarray, of: np.ndarray) -> Share:
        """The share of those ``of`` whom ``mask`` holds."""
        count, total = int((mask & of).sum()), int(of.sum())
        return cls(count, total, count / max(total, 1))


@dataclasses.dataclass(frozen=True, eq=False)
class Misses:
    """What is lost.

    Args:
        joint: (17,) share lost for no reason.
        joints: The same over all joints.
        lower_body: Of people in a view.
        occluded: Of joints behind nearer people.
        far_face: Of joints behind the own head.
        border: Of joints at the edge of the image.
        person: Of people in a view.
        cut_person: Of those whom the edge of the image cuts, besides.
    """

    joint: np.ndarray
    joints: Share
    lower_body: Share
    occluded: Share
    far_face: Share
    border: Share
    person: Share
    cut_person: Share


def count_misses(observations: Observations, sound: np.ndarray, spread: np.ndarray) -> Misses:
    """Count what each view misses of what the others see.

    Args:
        observations: V views of N people, left and right put right.
        sound: (V, N, 17) bool, joints that are found where they should be.
        spread: (17,) of joints' errors along an axis, in sizes of the body.
    """
    rig, crowd, found = observations.rig, observations.crowd, observations.found
    uv, inside = project_joints(crowd, rig)
    box = joint_box(uv, inside)

    def cover(share: float) -> np.ndarray:
        hidden = occluded_by_people(crowd, rig, uv, inside, box, share * OCCLUSION_RADIUS)
        return np.moveaxis(hidden, 0, -1)

    hidden, not_hidden = cover(SURE), ~cover(SURELY_NOT)
    far, not_far = np.zeros_like(hidden), np.ones_like(hidden)
    margin = SURE_OF_HEAD * _doubt_of_heads(crowd, spread)
    far[..., FACE] = np.moveaxis(far_side_of_head(crowd, rig, margin), 0, -1)
    not_far[..., FACE] = ~np.moveaxis(far_side_of_head(crowd, rig, -margin), 0, -1)
    edge, outside = (
        np.moveaxis(at_border(rig, uv, box, reach), 0, -1)
        for reach in (BORDER_WIDTH, UNSURE_BORDER)
    )
    by_others = sound.sum(0) - sound >= 2
    decidable = np.moveaxis(inside, 0, -1) & ~outside & by_others
    decidable &= (hidden | not_hidden) & (far | not_far)
    # Which side of a head is the far one needs nose and ears.
    decidable[..., FACE] &= by_others[..., HEAD].all(-1, keepdims=True)

    whole = observations.has & ~observations.split
    there = decidable & (whole & ~observations.again)[..., None]
    plain = there & ~(hidden | far | edge)
    lost = ~found
    joint, lower_body, gone = _by_joint(plain, lost)
    # What else hides a joint, among those that would have been found without it.
    would = np.where(gone[..., None] & _is_lower(), 0.0, 1 - joint)

    def added(cause: np.ndarray, *others: np.ndarray) -> Share:
        return _added(found, would, there & cause & ~np.logical_or(*others))

    others = observations.has.sum(0) - observations.has >= min(3, len(rig) - 1)
    in_view = decidable & ~(hidden | far | edge)
    cut = is_truncated(crowd, inside.T)
    person = Share.plain(~observations.has, others & ~cut & (in_view.sum(-1) >= SHOWN_JOINTS))
    would_be = np.full(cut.shape, 1 - person.share)
    cut_people = others & cut & (in_view.sum(-1) >= CUT_JOINTS)
    return Misses(
        joint=joint,
        joints=Share.plain(lost, plain & ~(gone[..., None] & _is_lower())),
        lower_body=lower_body,
        occluded=added(hidden, far, edge),
        far_face=added(far, hidden, edge),
        border=added(edge, hidden, far),
        person=person,
        cut_person=_added(observations.has, would_be, cut_people),
    )


def _doubt_of_heads(crowd: Crowd, spread: np.ndarray) -> float:
    """By how much errors turn heads whose ears two views see, as the sine of an angle."""
    decidable = crowd.visible[:, HEAD[1:]].all(-1)
    if not decidable.any():
        return 1.0
    poses = np.where(crowd.visible[decidable, :, None], crowd.poses[decidable], np.nan)
    left, right = poses[:, HEAD[1]], poses[:, HEAD[2]]
    radius_mm = float(np.median(np.linalg.norm(left - right, axis=-1))) / 2
    body_mm = float(np.median((np.nanmax(poses, 1) - np.nanmin(poses, 1)).max(-1)))
    return float(spread[HEAD[1:]].mean()) * body_mm / max(radius_mm, 1.0) / 2**0.5


def _is_lower() -> np.ndarray:
    lower = np.zeros(17, dtype=bool)
    lower[LOWER] = True
    return lower


def _by_joint(plain: np.ndarray, lost: np.ndarray) -> tuple[np.ndarray, Share, np.ndarray]:
    """Tell lower bodies that are lost as a whole from joints that are lost one by one.

    Args:
        plain: (V, N, 17) bool, joints that nothing hides.
        lost: (V, N, 17) bool.

    Returns:
        (17,) shares lost one by one; people in a view whose lower body is lost; (V, N) bool,
        where it probably is.
    """
    lower = plain[..., LOWER]
    all_lost = ~(lower & ~lost[..., LOWER]).any(-1) & (lower.sum(-1) >= 2)
    able = lower.sum(-1) >= 2
    share, joint = 0.02, np.full(17, 0.05)
    weight = np.ones(plain.shape)
    for _ in range(ROUNDS):
        by_chance = np.where(lower, joint[LOWER], 1.0).prod(-1) * (1 - share)
        gone = np.where(all_lost, share / (share + by_chance), 0.0)
        weight[..., LOWER] = 1 - gone[..., None]
        count, total = ((weight * mask).sum((0, 1)) for mask in (plain & lost, plain))
        count, total = (a + a[COCO17.flip_order] for a in (count, total))
        all_joints = count.sum() / max(total.sum(), 1)
        joint = (count + CASES_BEFORE * all_joints) / (total + CASES_BEFORE)
        joint = np.clip(joint, 1e-4, 0.99)
        share = float(np.clip(gone[able].sum() / max(able.sum(), 1), 1e-5, 0.9))
    return joint, Share(round(float(gone[able].sum()), 1), int(able.sum()), share), gone > 0.5


def _added(found: np.ndarray, would: np.ndarray, of: np.ndarray) -> Share:
    """The share lost to one cause, among joints that would have been found without it."""
    expected = float((would * of).sum())
    lost = expected - (found & of & (would > 0)).sum()
    return Share(round(lost, 1), round(expected, 1), float(np.clip(lost / max(expected, 1), 0, 1)))
