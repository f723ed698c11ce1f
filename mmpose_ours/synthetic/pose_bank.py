"""A stock of 3D poses to invent scenes from."""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.files import FileFormatError, PathLike, read_pickle
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.synthetic.bodies import built_in_poses

COCO17 = JOINT_SETS['coco17']
BUILT_IN_COUNT = 5000


@dataclasses.dataclass(frozen=True, eq=False)
class PoseBank:
    """Poses in COCO's 17 joints, z up, the middle of the hips above the origin.

    Args:
        poses: (N, 17, 3) millimetres; the floor is near z = 0.
        visible: (N, 17) bool, False where a joint's place is unknown (its numbers are junk).
    """

    poses: np.ndarray
    visible: np.ndarray

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
            FileFormatError: Another schema, or poses that are not of a person's size, which
                means another unit than millimetres.
        """
        entries = read_pickle(path)
        try:
            poses = np.stack([np.asarray(entry['pose'], dtype=np.float64) for entry in entries])
            visible = np.stack(
                [np.asarray(entry['vis']).reshape(17, -1)[:, 0] > 0 for entry in entries]
            )
            if poses.shape[1:] != (17, 3):
                raise ValueError(f'poses of shape {poses.shape[1:]}')
        except (TypeError, KeyError, ValueError, IndexError) as error:
            raise FileFormatError(
                f"{path}: expected a list of {{'pose': (17, 3), 'vis': (17,)}} as in "
                f'panoptic_training_pose.pkl, found something else ({error!r})'
            ) from error
        visible &= np.isfinite(poses).all(-1)
        keep = visible[:, COCO17.index('left_hip', 'right_hip')].all(1)
        poses, visible = poses[keep], visible[keep]
        if not len(poses):
            raise FileFormatError(f'{path}: no pose in it has both hips; it cannot be placed')
        poses = np.where(visible[..., None], poses, 0.0)
        extent = np.ptp(np.where(visible[..., None], poses, np.nan)[..., 2], axis=1)
        tall = float(np.nanquantile(extent, 0.9)) if np.isfinite(extent).any() else 0.0
        tall = max(tall, float(np.quantile(poses[..., 2].max(1), 0.9)))
        if not 700 < tall < 3000:
            raise FileFormatError(
                f'{path}: its people are {tall:.3g} high; poses must be in millimetres, z up'
            )
        poses[..., :2] -= COCO17.root_of(poses)[:, None, :2]
        return cls(poses, visible)
