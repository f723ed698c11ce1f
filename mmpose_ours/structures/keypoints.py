"""2D keypoints of one view in one frame."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.structures.joint_maps import joint_map
from mmpose_ours.structures.skeleton import Skeleton


@dataclasses.dataclass(frozen=True, eq=False)
class Keypoints2D:
    """The people of one view in one frame, as a 2D detector found them.

    Args:
        skeleton: Their joints.
        array: (P, J, 3) ``u, v, score`` in pixels of the full image, in COCO's layout: a joint
            that was not found is ``0, 0, 0``.

    Raises:
        InputError: The array has another shape.

    Examples:
        >>> from mmpose_ours import SKELETONS
        >>> people = np.zeros((2, 17, 3))
        >>> people[0, 0] = 320, 240, 0.9  # the nose of the first person
        >>> found = Keypoints2D(SKELETONS['coco17'], people)
        >>> len(found), found.xy.shape, found.scores[0, 0].item()
        (2, (2, 17, 2), 0.9)
    """

    skeleton: Skeleton
    array: np.ndarray

    def __post_init__(self) -> None:
        if np.ndim(self.array) != 3 or np.shape(self.array)[1:] != (len(self.skeleton), 3):
            raise InputError(
                f'people have the shape {np.shape(self.array)}, expected '
                f'(P, {len(self.skeleton)}, 3): {self.skeleton.name}, u, v, score',
                code='wrong-shape',
                found=np.shape(self.array),
                expected=('P', len(self.skeleton), 3),
            )

    @classmethod
    def nobody(cls, skeleton: Skeleton) -> Keypoints2D:
        """No people."""
        return cls(skeleton, np.zeros((0, len(skeleton), 3), np.float32))

    def __len__(self) -> int:
        return len(self.array)

    @property
    def xy(self) -> np.ndarray:
        """(P, J, 2) pixels, NaN where a joint is missing."""
        return np.where(self.array[..., 2:] > 0, self.array[..., :2], np.nan)

    @property
    def scores(self) -> np.ndarray:
        """(P, J), 0 where a joint is missing."""
        return self.array[..., 2]

    def only(self, chosen: np.ndarray) -> Keypoints2D:
        """Some of the people, by a mask (P,) or by their rows."""
        return Keypoints2D(self.skeleton, self.array[chosen])

    def to(self, skeleton: Skeleton) -> Keypoints2D:
        """The same people with the joints of another skeleton.

        A joint that is mixed from others needs them all, and has the least of their scores.
        """
        if skeleton.joints == self.skeleton.joints:
            return self
        if not len(self):
            return self.nobody(skeleton)
        matrix = joint_map(self.skeleton, skeleton)[0]
        needed = matrix != 0
        found = self.array[..., 2] > 0
        complete = (~needed | found[:, None]).all(-1) & needed.any(-1)
        result = np.einsum('ts,psd->ptd', matrix, self.array)
        result[..., 2] = np.where(needed, self.array[:, None, :, 2], np.inf).min(-1)
        return Keypoints2D(skeleton, np.where(complete[..., None], result, 0.0).astype(np.float32))
