"""Figures per group of joints: body, feet, hands and face.

The body's joints are those that every detector of people gives; the others are found in part of
the frames only, and are smaller, so that one mean over all of them would say little about either.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.parts.layout import Segment, parts_of
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

# Distances of PCK in mm: about the width of a finger, of a hand, and that of MPI-INF-3DHP.
PCK_MM = (20, 50, 150)
_GROUPS = {'foot': 'feet', 'hand': 'hands', 'face': 'face'}
# Joints of the body that feet and hands hang on.
_ENDS = {'feet': 'ankle', 'hands': 'wrist'}


def joint_groups(skeleton: Skeleton) -> dict[str, list[int]]:
    """The indices of a skeleton's joints by group, without empty groups.

    What belongs to no other group is ``body``: all joints of an animal.

    Examples:
        >>> from mmpose_ours.structures.skeletons import SKELETONS
        >>> {name: len(group) for name, group in joint_groups(SKELETONS['halpe26']).items()}
        {'body': 20, 'feet': 6}
    """
    groups: dict[str, list[str]] = {'body': [j for j in COCO17.joints if j in skeleton.joints]}
    for part in parts_of(skeleton):
        groups.setdefault(_GROUPS.get(part.kind, 'body'), []).extend(part.joints)
    return {name: sorted(skeleton.index(*group)) for name, group in groups.items() if group}


def compared_groups(skeleton: Skeleton) -> dict[str, list[int]]:
    """The groups, with ``ankles`` and ``wrists`` before the feet and hands that hang on them."""
    groups: dict[str, list[int]] = {}
    for name, group in joint_groups(skeleton).items():
        ends = [f'{side}_{_ENDS.get(name)}' for side in ('left', 'right')]
        if name in _ENDS and set(ends) <= set(skeleton.joints):
            groups[f'{_ENDS[name]}s'] = skeleton.index(*ends)
        groups[name] = group
    return groups


def group_segments(skeleton: Skeleton) -> dict[str, list[Segment]]:
    """The segments of feet and hands whose length is a person's own, without empty groups."""
    segments: dict[str, list[Segment]] = {}
    for part in parts_of(skeleton):
        known = [
            segment
            for segment in part.segments
            if segment.stature is not None and {*segment[:2]} <= set(skeleton.joints)
        ]
        if known:
            segments.setdefault(_GROUPS.get(part.kind, 'body'), []).extend(known)
    return segments


@dataclasses.dataclass(frozen=True)
class GroupErrors:
    """Errors of one group of joints, over the people who were found.

    Args:
        joints: Annotated joints.
        missing: Share of them that the predictions lack.
        mpjpe_mm: Mean error of the others; NaN for none.
        pck: By distance in mm, the share of annotated joints that are predicted within it; one
            that is missing is not.
    """

    joints: int
    missing: float
    mpjpe_mm: float
    pck: dict[int, float]

    def summary(self) -> dict[str, Any]:
        """Everything as plain numbers and dictionaries; NaN where undefined."""
        pck = {str(distance): share for distance, share in self.pck.items()}
        return {**dataclasses.asdict(self), 'pck': pck}

    @classmethod
    def of(cls, errors_mm: np.ndarray) -> GroupErrors:
        """From errors of annotated joints (N,), infinite where the joint is missing."""
        found = errors_mm[np.isfinite(errors_mm)]
        count = len(errors_mm)
        nothing = float('nan')
        return cls(
            count,
            1 - len(found) / count if count else nothing,
            float(found.mean()) if len(found) else nothing,
            {t: float((errors_mm <= t).mean()) if count else nothing for t in PCK_MM},
        )


def group_errors(
    pairs: np.ndarray,
    predictions: Sequence[np.ndarray],
    truth: Sequence[np.ndarray],
    groups: Mapping[str, Sequence[int]],
) -> dict[str, GroupErrors]:
    """The errors of matched people by group.

    Args:
        pairs: (M, 3) frame, row of the prediction and row of the person, see
            :class:`mmpose_ours.evaluation.matching.MatchingResult`.
        predictions: Per frame (P, J, 3) mm, NaN where a joint is missing.
        truth: Per frame (G, J, 3) mm, NaN where a joint is not annotated.
        groups: Indices of joints by group.
    """
    count = predictions[0].shape[1] if len(predictions) else 0
    errors = np.full((len(pairs), count), np.nan)
    for row, (frame, prediction, person) in enumerate(pairs.tolist()):
        annotated = truth[frame][person]
        distance = np.linalg.norm(predictions[frame][prediction] - annotated, axis=-1)
        distance[np.isnan(distance)] = np.inf
        errors[row] = np.where(np.isfinite(annotated).all(-1), distance, np.nan)
    by_group = {name: errors[:, list(group)] for name, group in groups.items()}
    return {name: GroupErrors.of(some[~np.isnan(some)]) for name, some in by_group.items()}
