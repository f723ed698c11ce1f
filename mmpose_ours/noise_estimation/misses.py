"""Probabilities of missed joints and missed people, from what the other views detect.

A joint is a case if two other views have it and its projection is inside the image; a person is a
case if other views detect it and enough of its joints should be visible. Occlusion by other people,
by the own head and the image border are computed by the functions that
:class:`~mmpose_ours.synthetic.DetectorNoise` uses.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.noise_estimation.observations import Observations
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.synthetic.crowd import Crowd
from mmpose_ours.synthetic.detector_noise import is_truncated
from mmpose_ours.synthetic.joint_noise import FACE, JointNoise
from mmpose_ours.synthetic.occlusion import (
    BORDER_WIDTH,
    OCCLUSION_RADIUS,
    at_border,
    far_side_of_head,
    joint_box,
    occluded_by_people,
    project_joints,
)

# Joints that tell the direction of the head.
HEAD = ('nose', 'left_ear', 'right_ear')
# A person is a case with at least so many unoccluded joints; truncated by the border, with so many.
VISIBLE_JOINTS = 8
VISIBLE_JOINTS_TRUNCATED = 5
# Iterations of the expectation-maximisation of missed lower bodies.
ROUNDS = 30
# Triangulated joints have errors, so joints that are nearly occluded are excluded. A joint is
# certainly occluded within the first and certainly not beyond the second of these factors times the
# occlusion radius.
CERTAIN, CERTAINLY_NOT = 0.7, 1.8
# Joints within this distance from the border may be outside, in sizes of the person.
UNCERTAIN_BORDER = 0.025
# The head's direction is certain beyond so many standard deviations.
CERTAIN_HEAD_Z = 3.0
# Weight, in cases, of the probability of all joints in that of each joint (shrinkage).
PRIOR_CASES = 30


@dataclasses.dataclass(frozen=True)
class Share:
    """A probability estimate.

    Args:
        count: Number of events.
        of: Number of cases.
        share: The estimated probability.
    """

    count: float
    of: float
    share: float

    @classmethod
    def fraction(cls, mask: np.ndarray, of: np.ndarray) -> Share:
        """The fraction of the cases ``of`` (bool) that are events ``mask`` (bool)."""
        count, total = int((mask & of).sum()), int(of.sum())
        return cls(count, total, count / max(total, 1))


@dataclasses.dataclass(frozen=True, eq=False)
class Misses:
    """Probabilities of misses; see the parameters of ``DetectorNoise``.

    Args:
        joint: (J,) ``missed_joint_share`` of each joint.
        joints: The same of all joints together.
        lower_body: ``lower_body_share``.
        occluded: ``occluded_share``.
        far_face: ``far_face_share``.
        border: ``border_share``.
        person: ``missed_person_share``.
        cut_person: ``cut_person_share``.
    """

    joint: np.ndarray
    joints: Share
    lower_body: Share
    occluded: Share
    far_face: Share
    border: Share
    person: Share
    cut_person: Share


def count_misses(observations: Observations, inlier: np.ndarray, std: np.ndarray) -> Misses:
    """Estimate the probabilities of misses.

    Args:
        observations: V views of N people, left-right swaps corrected.
        inlier: (V, N, J) bool, joints that are detected and no outliers.
        std: (J,) standard deviation of the joints' errors along an image axis, in sizes.
    """
    rig, crowd, found = observations.rig, observations.crowd, observations.found
    skeleton = crowd.skeleton
    face, lower_joints = skeleton.index(*FACE), JointNoise.of(skeleton).lower_body
    uv, inside = project_joints(crowd, rig)
    box = joint_box(uv, inside)

    def occlusion(factor: float) -> np.ndarray:
        occluded = occluded_by_people(crowd, rig, uv, inside, box, factor * OCCLUSION_RADIUS)
        return np.moveaxis(occluded, 0, -1)

    occluded, not_occluded = occlusion(CERTAIN), ~occlusion(CERTAINLY_NOT)
    far, not_far = np.zeros_like(occluded), np.ones_like(occluded)
    margin = CERTAIN_HEAD_Z * _head_direction_std(crowd, std)
    far[..., face] = np.moveaxis(far_side_of_head(crowd, rig, margin), 0, -1)
    not_far[..., face] = ~np.moveaxis(far_side_of_head(crowd, rig, -margin), 0, -1)
    border, maybe_outside = (
        np.moveaxis(at_border(rig, uv, box, width), 0, -1)
        for width in (BORDER_WIDTH, UNCERTAIN_BORDER)
    )
    by_others = inlier.sum(0) - inlier >= 2
    decidable = np.moveaxis(inside, 0, -1) & ~maybe_outside & by_others
    decidable &= (occluded | not_occluded) & (far | not_far)
    # The far side of the head is computed from nose and ears.
    decidable[..., face] &= by_others[..., skeleton.index(*HEAD)].all(-1, keepdims=True)

    single = observations.has & ~observations.split & ~observations.duplicate
    cases = decidable & single[..., None]
    unoccluded = cases & ~(occluded | far | border)
    missed = ~found
    joint, lower_body, lower_body_missed = _by_joint(unoccluded, missed, skeleton)
    # Probability that a joint is detected if no other cause applies.
    is_lower = np.isin(np.arange(len(skeleton)), lower_joints)
    by_lower_body = lower_body_missed[..., None] & is_lower
    detected_prob = np.where(by_lower_body, 0.0, 1 - joint)

    def missed_by(cause: np.ndarray, *others: np.ndarray) -> Share:
        return _missed_in_addition(found, detected_prob, cases & cause & ~np.logical_or(*others))

    others = observations.has.sum(0) - observations.has >= min(3, len(rig) - 1)
    in_view = decidable & ~(occluded | far | border)
    truncated = is_truncated(crowd, inside.T)
    person = Share.fraction(
        ~observations.has, others & ~truncated & (in_view.sum(-1) >= VISIBLE_JOINTS)
    )
    person_prob = np.full(truncated.shape, 1 - person.share)
    truncated_cases = others & truncated & (in_view.sum(-1) >= VISIBLE_JOINTS_TRUNCATED)
    return Misses(
        joint=joint,
        joints=Share.fraction(missed, unoccluded & ~by_lower_body),
        lower_body=lower_body,
        occluded=missed_by(occluded, far, border),
        far_face=missed_by(far, occluded, border),
        border=missed_by(border, occluded, far),
        person=person,
        cut_person=_missed_in_addition(observations.has, person_prob, truncated_cases),
    )


def _head_direction_std(crowd: Crowd, std: np.ndarray) -> float:
    """Standard deviation of the head direction due to the ears' errors, as the sine of an angle."""
    _, *ears = crowd.skeleton.index(*HEAD)
    decidable = crowd.visible[:, ears].all(-1)
    if not decidable.any():
        return 1.0
    poses = np.where(crowd.visible[decidable, :, None], crowd.poses[decidable], np.nan)
    left, right = poses[:, ears[0]], poses[:, ears[1]]
    radius_mm = float(np.median(np.linalg.norm(left - right, axis=-1))) / 2
    body_mm = float(np.median((np.nanmax(poses, 1) - np.nanmin(poses, 1)).max(-1)))
    return float(std[ears].mean()) * body_mm / max(radius_mm, 1.0) / 2**0.5


def _by_joint(
    cases: np.ndarray, missed: np.ndarray, skeleton: Skeleton
) -> tuple[np.ndarray, Share, np.ndarray]:
    """Separate missed lower bodies from single missed joints, by expectation-maximisation.

    Args:
        cases: (V, N, J) bool, joints that are not occluded.
        missed: (V, N, J) bool.
        skeleton: The J joints.

    Returns:
        (J,) probabilities of a single missed joint; the probability of a missed lower body per
        person and view; (V, N) bool, the lower body is missed with a probability above 1/2.
    """
    lower_body = JointNoise.of(skeleton).lower_body
    lower = cases[..., lower_body]
    all_missed = ~(lower & ~missed[..., lower_body]).any(-1) & (lower.sum(-1) >= 2)
    testable = lower.sum(-1) >= 2
    share, joint = 0.02, np.full(len(skeleton), 0.05)
    weight = np.ones(cases.shape)
    for _ in range(ROUNDS):
        by_chance = np.where(lower, joint[lower_body], 1.0).prod(-1) * (1 - share)
        gone_prob = np.where(all_missed, share / (share + by_chance), 0.0)
        weight[..., lower_body] = 1 - gone_prob[..., None]
        count, total = ((weight * mask).sum((0, 1)) for mask in (cases & missed, cases))
        count, total = (a + a[skeleton.flip_order] for a in (count, total))
        all_joints = count.sum() / max(total.sum(), 1)
        joint = (count + PRIOR_CASES * all_joints) / (total + PRIOR_CASES)
        joint = np.clip(joint, 1e-4, 0.99)
        share = float(np.clip(gone_prob[testable].sum() / max(testable.sum(), 1), 1e-5, 0.9))
    return (
        joint,
        Share(round(float(gone_prob[testable].sum()), 1), int(testable.sum()), share),
        gone_prob > 0.5,
    )


def _missed_in_addition(found: np.ndarray, detected_prob: np.ndarray, cases: np.ndarray) -> Share:
    """Probability of a miss by one cause, among cases that are detected without this cause."""
    expected = float((detected_prob * cases).sum())
    missed = expected - (found & cases & (detected_prob > 0)).sum()
    share = float(np.clip(missed / max(expected, 1), 0, 1))
    return Share(round(missed, 1), round(expected, 1), share)
