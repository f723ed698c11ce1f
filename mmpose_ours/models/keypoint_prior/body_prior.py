"""A Gaussian prior of body poses and its maximum a posteriori (MAP) estimate from rays.

The prior is the mean and covariance of the joints of many synthetic people, each in a coordinate
system aligned with the person's shoulders and hips. It relates joints to each other: how far an
elbow is from a shoulder, and where knees are if only hips and ankles are seen. Squared distances
from rays and the Gaussian's exponent together are a linear least-squares problem. Its solution is
the MAP pose, and the inverse of its matrix is the covariance of that pose. Nothing is trained.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.kernels.body import energies
from mmpose_ours.kernels.estimates import estimate_poses, refine_poses
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.person_frame import (
    PoseEstimates,
    rotation_from_heading,
)
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.structures.whole_body import SIDES
from mmpose_ours.synthetic.joint_noise import JointNoise
from mmpose_ours.synthetic.poses.body_model import built_in_poses
from mmpose_ours.synthetic.poses.sources import read_bank
from mmpose_ours.synthetic.poses.whole_body import bodies_in

# Synthetic people from whom the prior is computed, and the share by which each is scaled up or
# down at most (uniformly distributed).
SAMPLE_POSES, SIZE_RANGE = 5000, 0.08
# Fewest poses of a pose bank: the covariance has 51 rows for COCO-17.
MIN_BANK = 200
# mm. Standard deviation of a person's position along x and y (anywhere in the capture volume) and
# along z (how far the floor may be from z = 0), added to all joints together.
POSITION_STD_MM = (2000.0, 2000.0, 150.0)
# mm. Standard deviation added to each joint independently, for poses outside the synthetic set.
JOINT_STD_MM = 20.0
# mm. Least standard deviation of detected joints across their rays, see ray_std_of.
MIN_RAY_STD_MM = 15.0
# mm. Scales c of the Geman-McClure weight 1 / (1 + d^2 / c^2)^2, one per IRLS step: of the initial
# estimate, and of the refinement.
INITIAL_SCALES_MM, SCALES_MM = (300.0,), (200.0, 120.0)


def ray_std_of(joints: Skeleton) -> np.ndarray:
    """(J,) standard deviation in mm of detected joints across their rays.

    That of DetectorNoise's default, for a person of 1.7 m.
    """
    return np.maximum(0.2 * 1700.0 * JointNoise.of(joints).sigmas, MIN_RAY_STD_MM)


class GaussianBody:
    """MAP estimates of poses from rays, with a Gaussian prior in the person frame.

    Args:
        joints: The skeleton; the built-in body has its joints, feet where the skeleton has them.
        bank_file: Pose bank from which the prior is computed, see
            :func:`mmpose_ours.synthetic.poses.sources.read_bank`; None takes the built-in poses.
        position_std_mm: Standard deviations of a person's position along x, y and z, added to all
            joints together.

    Raises:
        InputError: The built-in body lacks a joint of the skeleton, or there are too few complete
            poses.
    """

    def __init__(
        self,
        joints: Skeleton,
        bank_file: str | None = None,
        position_std_mm: tuple[float, float, float] = POSITION_STD_MM,
    ):
        mean, covariance = _prior_mean_and_covariance(joints.name, bank_file, position_std_mm)
        precision = np.linalg.inv(covariance)
        self.joints, self.num_joints = joints, len(joints)
        sides = ('left_shoulder', 'right_shoulder', 'left_hip', 'right_hip')
        # As the kernels take it, see mmpose_ours.kernels.body.
        self._body = (
            mean,
            precision,
            precision @ mean.ravel(),
            1 / ray_std_of(joints) ** 2,
            np.array(joints.index(*sides)),
        )
        self._ankles = np.array(joints.index('left_ankle', 'right_ankle'))

    def find_arguments(self, options: tuple) -> tuple:
        """The last arguments of :func:`mmpose_ours.kernels.people.find_people`."""
        return options, self._body, self._ankles, _steps()

    def __call__(self, rays: Rays, floor_mm: Tensor) -> PoseEstimates:
        """MAP estimates of poses without a starting pose.

        Args:
            rays: By person: directions (N, V, J, 3).
            floor_mm: (N,) height of the floor in the frame of the rays, in mm.
        """
        floor = floor_mm.double().cpu().numpy()
        found = estimate_poses(*rays.people_arrays, floor, self._body, _steps())
        return _as_tensors(found, rays)

    def refine(
        self, rays: Rays, estimates: PoseEstimates, prior: tuple[Tensor, Tensor]
    ) -> PoseEstimates:
        """MAP estimates by IRLS, starting from given estimates.

        Args:
            rays: By person: directions (N, V, J, 3).
            estimates: N estimates to start from.
            prior: A second prior of each joint, isotropic and independent: mean (N, J, 3) in mm and
                inverse variance (N, J) in mm^-2.
        """
        known = tuple(part.double().cpu().numpy() for part in prior)
        people, arrays = rays.people_arrays, estimates.arrays
        return _as_tensors(refine_poses(*people, arrays, self._body, _steps()[1], known), rays)

    def energy(self, rays: Rays, estimates: PoseEstimates) -> np.ndarray:
        """(N,) negative logarithm of the posterior density, up to a constant.

        ``0.5 * (sum of Geman-McClure costs of the rays + squared Mahalanobis distance from the
        prior's mean)``, where a ray's cost at the distance d is
        ``weight * d^2 / std^2 / (1 + d^2 / c^2)``.
        """
        of_rays, frame, groups = rays.people_arrays
        poses, _, shift, rotation = estimates.arrays
        pose = poses, shift, rotation
        return energies(*of_rays, frame, groups, self._body, *pose, SCALES_MM[-1])


def _steps() -> tuple[np.ndarray, np.ndarray]:
    """Scales of the Geman-McClure weights: of the initial estimate, and of the refinement."""
    return np.array(INITIAL_SCALES_MM), np.array(SCALES_MM)


def _as_tensors(arrays: tuple[np.ndarray, ...], rays: Rays) -> PoseEstimates:
    return PoseEstimates(*(torch.from_numpy(part).to(rays.weights) for part in arrays))


@functools.lru_cache(maxsize=None)
def _prior_mean_and_covariance(
    joints: str = 'coco17',
    bank_file: str | None = None,
    position_std_mm: tuple[float, float, float] = POSITION_STD_MM,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean (J, 3) in mm and covariance (3 J, 3 J) in mm^2 of joints in the person frame."""
    rng, skeleton = np.random.default_rng(0), SKELETONS[joints]
    if bank_file is None:
        poses = bodies_in(skeleton, built_in_poses(SAMPLE_POSES, rng), np.random.default_rng(1))
    else:
        bank = read_bank(bank_file).in_skeleton(skeleton)
        poses = bank.poses[bank.visible.all(1)]
        if len(poses) < MIN_BANK:
            raise InputError(
                f'{bank_file}: {len(poses)} of its {len(bank)} poses have all joints; the body '
                f'prior needs {MIN_BANK} or more',
                code='no-data',
                file=bank_file,
                found=len(poses),
                expected=MIN_BANK,
            )
        # Add the mirrored poses, so that the prior has no preferred side.
        poses = np.concatenate([poses, poses[:, skeleton.flip_order] * (1, -1, 1)])
        poses[..., :2] -= skeleton.root_of(poses)[:, None, :2]
    poses = poses * (1 + SIZE_RANGE * rng.uniform(-1, 1, (len(poses), 1, 1)))
    sides = [skeleton.index(*(f'{side}_{j}' for j in ('shoulder', 'hip'))) for side in SIDES]
    across = (poses[:, sides[0]] - poses[:, sides[1]])[..., :2].sum(1)
    heading = torch.from_numpy(np.arctan2(across[:, 1], across[:, 0]))
    poses = poses @ rotation_from_heading(heading).transpose(1, 2).numpy()
    flat = poses.reshape(len(poses), -1)
    position = np.kron(np.ones((len(skeleton),) * 2), np.diag(np.square(position_std_mm)))
    joint = JOINT_STD_MM**2 * np.eye(flat.shape[1])
    return poses.mean(0), np.cov(flat.T) + position + joint
