"""A pose bank: 3D poses from which scenes are generated."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.numbers import numbers_of
from mmpose_ours.io.parsers.pickles import read_pickle
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.synthetic.poses.body_model import built_in_poses
from mmpose_ours.synthetic.poses.whole_body import bodies_in

BUILT_IN_COUNT = 5000
# Plausible range of the median hip height above the floor.
HIPS_MM = (300.0, 1400.0)
# Joints with a larger coordinate are unknown.
FAR_MM = 1e9


@dataclasses.dataclass(frozen=True, eq=False)
class PoseBank:
    """Poses in COCO's 17 joints, z up, the middle of the hips above the origin.

    Args:
        poses: (N, 17, 3) millimetres; the floor is near z = 0.
        visible: (N, 17) bool, False for an unknown joint (its values are undefined).
        skeleton: Another skeleton, of J joints, instead of COCO-17; see :meth:`in_skeleton`.
    """

    poses: np.ndarray
    visible: np.ndarray
    skeleton: Skeleton = COCO17

    def __len__(self) -> int:
        return len(self.poses)

    @classmethod
    def built_in(cls, count: int = BUILT_IN_COUNT, seed: int = 0) -> PoseBank:
        """Random poses of the package's own body model; needs no file."""
        poses = built_in_poses(count, np.random.default_rng(seed))
        return cls(poses, np.ones(poses.shape[:2], dtype=bool))

    @classmethod
    def from_pickle(cls, path: PathLike) -> PoseBank:
        """Read VoxelPose's ``panoptic_training_pose.pkl`` or a file of the same schema.

        The file is a list of ``{'pose': (17, 3) mm, 'vis': (17,) or (17, 3)}``. Poses whose
        hips are unknown are left out, because they cannot be placed.

        Raises:
            FileFormatError: Another schema, or poses whose hips are not where those of people
                on the floor z = 0 are: another unit, another up axis or another origin.
        """
        entries = read_pickle(path)
        if not isinstance(entries, list) or not entries:
            raise _no_poses(path, type(entries).__name__)
        limits().check('frames', len(entries), 'poses', path)
        poses = np.empty((len(entries), 17, 3))
        visible = np.empty((len(entries), 17), dtype=bool)
        for index, entry in enumerate(entries):
            parts = entry if isinstance(entry, dict) else {}
            pose, seen = numbers_of(parts.get('pose')), numbers_of(parts.get('vis'))
            if pose is None or seen is None or pose.shape != (17, 3) or not (
                seen.shape[:1] == (17,) and seen.ndim <= 2 and seen.size
            ):  # fmt: skip
                raise _no_poses(path, f'another entry at place {index}')
            poses[index], visible[index] = pose, seen.reshape(17, -1)[:, 0] > 0
        return cls.placed(poses, visible, path, 'poses must be in millimetres, z up, with the '
                          'floor at z = 0')  # fmt: skip

    @classmethod
    def placed(
        cls, poses: np.ndarray, visible: np.ndarray, path: PathLike, remedy: str
    ) -> PoseBank:
        """Move poses so that the mid-hips are above the origin; poses without hips are left out.

        Args:
            poses: (N, 17, 3) millimetres, z up, anywhere on the floor z = 0.
            visible: (N, 17) bool; joints that are not finite, or farther away than anybody can be,
                are unknown too.
            path: The file that they come from, for messages.
            remedy: What to do if they are not people on that floor.

        Raises:
            FileFormatError: Nobody has hips, or not where those of people on the floor are.
        """
        with np.errstate(invalid='ignore'):
            visible = visible & (np.abs(poses) < FAR_MM).all(-1)
        keep = visible[:, COCO17.index('left_hip', 'right_hip')].all(1)
        poses, visible = poses[keep], visible[keep]
        if not len(poses):
            raise FileFormatError(
                f'{path}: no pose in it has both hips; it cannot be placed',
                code='no-data',
                file=path,
            )
        root = COCO17.root_of(poses)
        hips = float(np.median(root[:, 2]))
        if not HIPS_MM[0] <= hips <= HIPS_MM[1]:
            raise FileFormatError(
                f"{path}: its people's hips are at a height of {hips:.3g}, where 300 to 1400 was "
                f'expected; {remedy}',
                code='out-of-range',
                file=path,
                found=hips,
                expected=HIPS_MM,
            )
        poses[..., :2] -= root[:, None, :2]
        return cls(np.where(visible[..., None], poses, 0.0), visible)

    def take(self, chosen: np.ndarray) -> PoseBank:
        """Some of the poses, by index or mask."""
        return dataclasses.replace(self, poses=self.poses[chosen], visible=self.visible[chosen])

    def in_skeleton(self, skeleton: Skeleton, seed: int = 0) -> PoseBank:
        """The people of a COCO-17 bank with the joints of another skeleton, such as feet.

        Args:
            skeleton: The joints wanted.
            seed: Of the random ankle angles and sizes of feet.

        Raises:
            InputError: The built-in body lacks a joint of the skeleton, see
                :func:`~mmpose_ours.synthetic.poses.whole_body.bodies_in`.
        """
        if skeleton == self.skeleton:
            return self
        poses = bodies_in(skeleton, self.known_poses, np.random.default_rng(seed))
        visible = np.isfinite(poses).all(-1)
        return PoseBank(np.where(visible[..., None], poses, 0.0), visible, skeleton)

    @property
    def known_poses(self) -> np.ndarray:
        """(N, 17, 3) poses with NaN where a joint's place is unknown."""
        return np.where(self.visible[..., None], self.poses, np.nan)


def _no_poses(path: PathLike, found: str) -> FileFormatError:
    expected = "a list of {'pose': (17, 3), 'vis': (17,)} as in panoptic_training_pose.pkl"
    return FileFormatError(
        f'{path}: expected {expected}, found {found}',
        code='file-format',
        file=path,
        found=found,
        expected=expected,
    )
