"""A Gaussian prior of body poses and its maximum a posteriori (MAP) estimate from rays.

The prior is the mean and covariance of the joints of many synthetic people, each in a coordinate
system aligned with the person's shoulders and hips. It relates joints to each other: how far an
elbow is from a shoulder, and where knees are if only hips and ankles are seen. Squared distances
from rays and the Gaussian's exponent together are a linear least-squares problem. Its solution is
the MAP pose, and the inverse of its matrix is the covariance of that pose. Nothing is trained.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.constants import WEAK_PRIOR_WEIGHT
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.person_frame import (
    PersonFrame,
    PoseEstimates,
    rotation_from_heading,
)
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
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
# Headings that are tried for people whose heading cannot be computed from triangulated joints.
HEADINGS = 8
# Joints that must be triangulated, at least, to locate a person by them.
MIN_JOINTS = 3
# mm. A ray's intersection with a horizontal plane that is farther from the camera is ignored, and
# the depth that is used if no joint of a detection has a usable intersection.
MAX_DEPTH_MM, DEFAULT_DEPTH_MM = 15000.0, 4000.0
# Sine of a ray's elevation. Rays that are closer to horizontal have no usable intersection.
MIN_ELEVATION_SINE = 0.03


def ray_std_of(joints: Skeleton) -> np.ndarray:
    """(J,) standard deviation in mm of detected joints across their rays.

    That of DetectorNoise's default, for a person of 1.7 m.
    """
    return np.maximum(0.2 * 1700.0 * JointNoise.of(joints).sigmas, MIN_RAY_STD_MM)


class GaussianBody(nn.Module):
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

    # Mean (J, 3), inverse covariance (3 J, 3 J), and their product (3 J,), of the prior;
    # inverse variance (J,) of detected joints across their rays, in mm^-2.
    mean: Tensor
    precision: Tensor
    precision_times_mean: Tensor
    ray_precision: Tensor

    def __init__(
        self,
        joints: Skeleton,
        bank_file: str | None = None,
        position_std_mm: tuple[float, float, float] = POSITION_STD_MM,
    ):
        super().__init__()
        mean, covariance = _prior_mean_and_covariance(joints.name, bank_file, position_std_mm)
        precision = np.linalg.inv(covariance)
        self.joints, self.num_joints = joints, len(joints)
        for name, value in (
            ('mean', mean),
            ('precision', precision),
            ('precision_times_mean', precision @ mean.ravel()),
            ('ray_precision', 1 / ray_std_of(joints) ** 2),
        ):
            self.register_buffer(name, torch.tensor(value).float(), persistent=False)
        self.frame = PersonFrame(joints)

    def forward(self, rays: Rays, floor_mm: Tensor) -> PoseEstimates:
        """Initial estimates, refined; arguments as those of :meth:`initial_estimates`."""
        return self.refine(rays, self.initial_estimates(rays, floor_mm))

    def initial_estimates(
        self, rays: Rays, floor_mm: Tensor, joints: tuple[Tensor, Tensor] | None = None
    ) -> PoseEstimates:
        """Estimate poses without a starting pose, by one IRLS step.

        Args:
            rays: By person: directions (N, V, J, 3).
            floor_mm: (N,) height of the floor in the frame of the rays, in mm.
            joints: (N, J, 3) approximate joints in mm and (N, J) which of them are known; None
                triangulates those that two rays or more show.
        """
        points, known = self._triangulate(rays) if joints is None else joints
        shift, rotation = self.frame.of_joints(points, known, -floor_mm)
        start = torch.where(known[..., None], points, torch.nan)
        estimates = self._irls(rays, shift, rotation, start)
        sides = known[:, self.frame.left] & known[:, self.frame.right]
        rest = torch.nonzero((known.sum(1) < MIN_JOINTS) | ~sides.any(1))[:, 0]
        if not len(rest):
            return estimates
        of_rest = self._try_headings(rays[rest], floor_mm[rest])
        pairs = zip(vars(estimates).values(), vars(of_rest).values())
        return PoseEstimates(*(a.index_copy(0, rest, b) for a, b in pairs))

    def refine(
        self, rays: Rays, estimates: PoseEstimates, prior: tuple[Tensor, Tensor] | None = None
    ) -> PoseEstimates:
        """MAP estimates by IRLS, starting from given estimates.

        Args:
            rays: By person: directions (N, V, J, 3).
            estimates: N estimates to start from.
            prior: A second prior of each joint, isotropic and independent: mean (N, J, 3) in mm and
                inverse variance (N, J) in mm^-2.
        """
        estimates = self.frame.with_poses(estimates, estimates.poses)
        return self._irls(
            rays, estimates.shift, estimates.rotation, estimates.poses, SCALES_MM, prior
        )

    def energy(self, rays: Rays, estimates: PoseEstimates) -> Tensor:
        """(N,) negative logarithm of the posterior density, up to a constant.

        ``0.5 * (sum of Geman-McClure costs of the rays + squared Mahalanobis distance from the
        prior's mean)``, where a ray's cost at the distance d is
        ``weight * d^2 / std^2 / (1 + d^2 / c^2)``.
        """
        distance2 = rays.squared_distances(estimates.poses)
        precision = rays.weights * self.ray_precision
        ray_cost = (precision * distance2 / (1 + distance2 / SCALES_MM[-1] ** 2)).sum((1, 2))
        offset = (estimates.to_person_frame(estimates.poses) - self.mean).flatten(1)
        return 0.5 * (ray_cost + ((offset @ self.precision) * offset).sum(1))

    def _triangulate(self, rays: Rays) -> tuple[Tensor, Tensor]:
        """Triangulated joints (N, J, 3), and which of them two views or more show (N, J)."""
        known = (rays.weights > 0).sum(1) >= 2
        prior_mean = rays.weights.new_zeros(*known.shape, 3)
        return rays.triangulate(prior_mean, WEAK_PRIOR_WEIGHT), known

    def _irls(
        self,
        rays: Rays,
        shift: Tensor,
        rotation: Tensor,
        start: Tensor | None,
        scales_mm: tuple[float, ...] = INITIAL_SCALES_MM,
        prior: tuple[Tensor, Tensor] | None = None,
    ) -> PoseEstimates:
        """MAP estimates by IRLS with Geman-McClure weights, one step for each of the scales.

        Args:
            rays: By person: directions (N, V, J, 3).
            shift: (N, 3) of the person frames.
            rotation: (N, 3, 3) of the person frames.
            start: (N, J, 3) joints at which the first weights are computed. Where it is NaN, or
                None, the solution without Geman-McClure weights is taken.
            scales_mm: Scales of the Geman-McClure weights.
            prior: As :meth:`refine` takes it.
        """
        rays = rays.transformed(shift, rotation)
        base_points, precision = rays.nearest_to_origin(), rays.weights * self.ray_precision
        if prior is not None:
            prior = (prior[0] + shift[:, None]) @ rotation.transpose(1, 2), prior[1]
        if start is not None:
            start = (start + shift[:, None]) @ rotation.transpose(1, 2)
        if start is None or start.isnan().any():
            x = self._solve(rays, base_points, precision, prior)[0]
            start = x if start is None else torch.where(start.isnan(), x, start)
        x = start
        for scale in scales_mm:
            weights = precision / (1 + rays.squared_distances(x) / scale**2).square()
            x, factor = self._solve(rays, base_points, weights, prior)
        variance = torch.cholesky_inverse(factor).diagonal(dim1=1, dim2=2)
        std = variance.clamp_min(1.0).sqrt().view_as(x)
        return PoseEstimates(x @ rotation - shift[:, None], std, shift, rotation)

    def _solve(
        self,
        rays: Rays,
        base_points: Tensor,
        precision: Tensor,
        prior: tuple[Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor]:
        """MAP poses for fixed precisions of the rays, all in the person frame.

        Args:
            rays: By person: directions (N, V, J, 3).
            base_points: (N, V, J, 3) the point of each ray's line that is nearest to (0, 0, 0).
            precision: (N, V, J) inverse variance of each ray in mm^-2.
            prior: As :meth:`refine` takes it, but in the person frame.

        Returns:
            ``poses`` (N, J, 3) in mm, and the Cholesky factors (N, 3 J, 3 J) of the matrices of
            their linear systems, which are the inverse covariances of the poses.
        """
        people, joints = precision.shape[0], self.num_joints
        matrix, right_side = rays.normal_equations(base_points, precision)
        if prior is not None:
            matrix = matrix + prior[1][..., None, None] * torch.eye(3, device=matrix.device)
            right_side = right_side + prior[1][..., None] * prior[0]
        system = self.precision.expand(people, -1, -1).clone()
        blocks = system.view(people, joints, 3, joints, 3).diagonal(dim1=1, dim2=3)
        blocks += matrix.permute(0, 2, 3, 1)
        factor = torch.linalg.cholesky(system)
        right_side = right_side.flatten(1)[..., None] + self.precision_times_mean[:, None]
        x = torch.cholesky_solve(right_side, factor)
        return x.view(people, joints, 3), factor

    def _try_headings(self, rays: Rays, floor_mm: Tensor) -> PoseEstimates:
        """Initial estimates for people with too few triangulated joints, mostly of one view.

        One IRLS step for each of :data:`HEADINGS` headings, of which the one with the lowest energy
        is taken, and another step from there.
        """
        center = self._position_on_floor(rays, floor_mm)
        shift = torch.cat([-center, -floor_mm[:, None]], 1)
        angles = torch.arange(HEADINGS, device=shift.device) * (2 * math.pi / HEADINGS)
        repeat = functools.partial(torch.repeat_interleave, repeats=HEADINGS, dim=0)
        rotation = rotation_from_heading(angles.float()).repeat(len(shift), 1, 1)
        # Keep only as many views per person as the person with most views has: mostly one.
        detected = (rays.weights > 0).any(-1)
        view = detected.float().argsort(1, descending=True)[:, : int(detected.sum(1).max())]
        person = torch.arange(len(view), device=view.device)[:, None]
        rays = rays[person, view]
        repeated = rays[repeat(person[:, 0])]
        rough = self._irls(repeated, repeat(shift), rotation, None)
        best = self.energy(repeated, rough).view(-1, HEADINGS).argmin(1)
        best = torch.arange(len(shift), device=best.device) * HEADINGS + best
        return self._irls(rays, shift, rotation[best], rough.poses[best])

    def _position_on_floor(self, rays: Rays, floor_mm: Tensor) -> Tensor:
        """(N, 2) positions on the floor, from rays at the heights of the mean pose's joints.

        The ray of each joint is intersected with the horizontal plane at the height of that joint
        in the mean pose; the position is the median of the intersections.
        """
        height = self.mean[:, 2] + floor_mm[:, None]
        detected = rays.weights > 0
        up = rays.directions[..., 2]
        origin = rays.origins[:, :, None]
        steep = torch.where(up.abs() < MIN_ELEVATION_SINE, torch.nan, up)
        depth = (height[:, None] - origin[..., 2]) / steep
        usable = detected & (depth > 0) & (depth < MAX_DEPTH_MM)
        depth = torch.where(usable, depth, torch.where(detected, DEFAULT_DEPTH_MM, torch.nan))
        # The default depth only counts in views where no joint has a usable intersection.
        defaulted = detected & ~usable & usable.any(2, keepdim=True)
        depth = torch.where(defaulted, torch.nan, depth)
        points = (origin + depth[..., None] * rays.directions)[..., :2]
        return points.flatten(1, 2).nanmedian(1).values.nan_to_num()


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
    points = torch.from_numpy(poses)
    heading = PersonFrame(skeleton).heading(points, points.new_ones(len(points), 2))
    poses = (points @ rotation_from_heading(heading).transpose(1, 2)).numpy()
    flat = poses.reshape(len(poses), -1)
    position = np.kron(np.ones((len(skeleton),) * 2), np.diag(np.square(position_std_mm)))
    joint = JOINT_STD_MM**2 * np.eye(flat.shape[1])
    return poses.mean(0), np.cov(flat.T) + position + joint
