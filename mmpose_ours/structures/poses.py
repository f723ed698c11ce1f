"""3D poses of one frame."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.structures.skeleton import Skeleton


@dataclasses.dataclass(frozen=True, eq=False)
class Poses3D:
    """The people of one frame in 3D.

    Args:
        skeleton: Their joints.
        xyz_mm: (P, J, 3) millimetres, z up; NaN where a joint is missing.
        scores: (P,) 0 to 1, how sure it is that there is somebody; None is not known.
        track_ids: (P,) the same number for the same person over time, each at most once; None
            where nobody has worked them out.
        views: (P,) how many cameras show the person; None is not known.
        std_mm: (P, J) how well joints are known, one standard deviation; None is not known.

    Raises:
        InputError: An array has another shape, or a track ID is there twice.

    Examples:
        >>> from mmpose_ours import SKELETONS
        >>> poses = Poses3D(SKELETONS['coco17'], np.zeros((2, 17, 3)), track_ids=np.array([0, 4]))
        >>> len(poses), poses.track_ids.tolist(), poses.scores
        (2, [0, 4], None)
    """

    skeleton: Skeleton
    xyz_mm: np.ndarray
    scores: np.ndarray | None = None
    track_ids: np.ndarray | None = None
    views: np.ndarray | None = None
    std_mm: np.ndarray | None = None

    def __post_init__(self) -> None:
        count, joints = len(self.xyz_mm), len(self.skeleton)
        shapes = {
            'xyz_mm': (count, joints, 3),
            'scores': (count,),
            'track_ids': (count,),
            'views': (count,),
            'std_mm': (count, joints),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values is not None and np.shape(values) != shape:
                raise InputError(
                    f'{name} of shape {np.shape(values)}, expected {shape} for {count} people of '
                    f'{self.skeleton.name}',
                    code='wrong-shape',
                    found=np.shape(values),
                    expected=shape,
                )
        if self.track_ids is not None and len(set(np.asarray(self.track_ids).tolist())) < count:
            ids = np.asarray(self.track_ids).tolist()
            raise InputError(
                f'track IDs {ids}, expected each at most once', code='duplicate', found=ids
            )

    @classmethod
    def nobody(cls, skeleton: Skeleton) -> Poses3D:
        """No people."""
        return cls(skeleton, np.zeros((0, len(skeleton), 3)), np.zeros(0), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.xyz_mm)

    def only(self, chosen: np.ndarray) -> Poses3D:
        """Some of the people, by a mask (P,) or by their rows."""

        def some(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else np.asarray(values)[chosen]

        return Poses3D(
            self.skeleton,
            np.asarray(self.xyz_mm)[chosen],
            some(self.scores),
            some(self.track_ids),
            some(self.views),
            some(self.std_mm),
        )
