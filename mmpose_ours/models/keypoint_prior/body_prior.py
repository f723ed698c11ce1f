"""What bodies look like, as one Gaussian: joints that rays leave open follow from the others.

The mean and covariance of the joints of many synthetic people, standing square to their
shoulders, say how far an elbow may be from a shoulder and where knees are when only hips and
ankles are seen. Together with rays they make a linear system: its solution is the most likely
body (maximum a posteriori), its inverse says how well each joint is known. Nothing is trained.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import torch
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.detector_noise import COCO_SIGMAS
from mmpose_ours.synthetic.poses.body_model import built_in_poses
from mmpose_ours.synthetic.poses.sources import read_bank

COCO17 = SKELETONS['coco17']
BODIES, SIZE_SPREAD = 5000, 0.08
# Poses that a covariance of 51 numbers needs, at least.
MIN_BANK = 200
# Anywhere in the volume, and about as sure as floors are at the height 0.
PLACE_SPREAD_MM = (2000.0, 2000.0, 150.0)
# What no Gaussian of so many synthetic people knows.
OWN_SPREAD_MM = 20.0
# Spread of detected joints across their rays: of DetectorNoise' default, for a person of 1.7 m.
RAY_SPREAD_MM = np.maximum(0.2 * 1700.0 * COCO_SIGMAS, 15.0)
# Distance at which a ray's weight has fallen to a quarter, step by step: to find a body roughly,
# and then well.
ROUGH_REACHES_MM, REACHES_MM = (300.0,), (200.0, 120.0)
# Directions that are tried for people whose direction the rays do not tell.
HEADINGS = 8
# Joints that two views show, from which on they tell where a person is.
MIN_JOINTS = 3
FARTHEST_MM = 15000.0


@dataclasses.dataclass(frozen=True)
class Bodies:
    """N people in the frame of their rays, in mm.

    Args:
        poses: (N, J, 3).
        spread: (N, J, 3) standard deviation of each joint along the person's axes.
        shift: (N, 3) and
        turn: (N, 3, 3): into the person's axes by ``turn @ (x + shift)``: the person's left is
            +x, its back +y, and the floor is at z = 0.
    """

    poses: Tensor
    spread: Tensor
    shift: Tensor
    turn: Tensor

    @classmethod
    def nobody(cls, like: Tensor, joints: int) -> Bodies:
        """No people, on the device of a tensor."""
        poses = like.new_zeros(0, joints, 3)
        return cls(poses, poses, poses[:, 0], like.new_zeros(0, 3, 3))

    def __len__(self) -> int:
        return len(self.poses)

    def own(self, points: Tensor) -> Tensor:
        """Points (N, ..., 3) in the person's axes."""
        return (points + self.shift[:, None]) @ self.turn.transpose(1, 2)

    def back(self, points: Tensor) -> Tensor:
        """The reverse of :meth:`own`."""
        return points @ self.turn - self.shift[:, None]

    def __getitem__(self, rows: Tensor) -> Bodies:
        return Bodies(*(part[rows] for part in vars(self).values()))


class PersonFrame:
    """Where people are and how they stand, from their joints.

    Args:
        joints: The skeleton.
    """

    def __init__(self, joints: Skeleton):
        self.hips = joints.index(*joints.root)
        self.left, self.right = (
            joints.index(*(f'{side}_{name}' for name in ('shoulder', 'hip')))
            for side in ('left', 'right')
        )

    def heading(self, poses: Tensor, known: Tensor) -> Tensor:
        """(N,) direction in radians of people's left, from the sides that are known (N, 2)."""
        across = (poses[:, self.left] - poses[:, self.right])[..., :2]
        across = (across * known[..., None]).sum(1)
        return torch.atan2(across[:, 1], across[:, 0])

    @torch.no_grad()
    def moved_to(self, poses: Tensor, bodies: Bodies) -> Bodies:
        """The bodies with other joints (N, J, 3), and the axes that go with these."""
        known = poses.new_ones(len(poses), 2)
        center = poses[:, self.hips].mean(1)[:, :2]
        shift = torch.cat([-center, bodies.shift[:, 2:]], 1)
        turn = turn_to(self.heading(poses, known))
        return dataclasses.replace(bodies, poses=poses, shift=shift, turn=turn)


class GaussianBody(nn.Module):
    """The most likely bodies of rays.

    Args:
        joints: The skeleton, which must be COCO's.
        bank_file: Poses of people to take the body from, see
            :func:`mmpose_ours.synthetic.poses.sources.read_bank`; None takes the built-in bodies.

    Raises:
        InputError: It is another skeleton, or there are too few whole poses.
    """

    mean: Tensor
    precision: Tensor
    pull: Tensor
    ray_precision: Tensor

    def __init__(self, joints: Skeleton, bank_file: str | None = None):
        super().__init__()
        if joints != COCO17:
            raise InputError(
                f'bodies are known in the joints of {COCO17.name}, not of {joints.name}; convert '
                'the keypoints',
                code='cannot-express',
                found=joints.name,
                expected=COCO17.name,
            )
        mean, covariance = _statistics(bank_file)
        precision = np.linalg.inv(covariance)
        self.num_joints = len(joints)
        for name, value in (
            ('mean', mean),
            ('precision', precision),
            ('pull', precision @ mean.ravel()),
            ('ray_precision', 1 / RAY_SPREAD_MM**2),
        ):
            self.register_buffer(name, torch.tensor(value).float(), persistent=False)
        self.frame = PersonFrame(joints)

    def forward(self, rays: Rays, floor_mm: Tensor) -> Bodies:
        """Find the most likely bodies; see :meth:`roughly`."""
        return self.refined(rays, self.roughly(rays, floor_mm))

    def roughly(
        self, rays: Rays, floor_mm: Tensor, about: tuple[Tensor, Tensor] | None = None
    ) -> Bodies:
        """Find about the most likely bodies.

        Args:
            rays: Of N people; directions (N, V, J, 3).
            floor_mm: (N,) height of the floor in their frame.
            about: (N, J, 3) where joints are, more or less, and (N, J) for which of them that is
                known; by default where two rays or more meet.
        """
        points, known = self._meet(rays) if about is None else about
        center, heading, placed = self._place(points, known)
        shift = torch.cat([-center, -floor_mm[:, None]], 1)
        turn = turn_to(heading)
        first = torch.where(known[..., None], points, torch.nan)
        bodies = self._settle(rays, shift, turn, first)
        lost = torch.nonzero(~placed)[:, 0]
        if not len(lost):
            return bodies
        tried = self._try_headings(rays[lost], floor_mm[lost])
        return Bodies(
            *(a.index_copy(0, lost, b) for a, b in zip(vars(bodies).values(), vars(tried).values()))
        )

    def refined(
        self, rays: Rays, bodies: Bodies, pull: tuple[Tensor, Tensor] | None = None
    ) -> Bodies:
        """Find the most likely bodies from where they are about.

        Args:
            rays: Of N people; directions (N, V, J, 3).
            bodies: Where they are about.
            pull: (N, J, 3) where else joints are known to be, and (N, J) how well, in mm^-2.
        """
        bodies = self.frame.moved_to(bodies.poses, bodies)
        return self._settle(rays, bodies.shift, bodies.turn, bodies.poses, REACHES_MM, pull)

    def energy(self, rays: Rays, bodies: Bodies) -> Tensor:
        """(N,) half the squared distance, in standard deviations, from rays and mean body."""
        distance2 = rays.distance2(bodies.poses)
        precision = rays.weights * self.ray_precision
        misfit = (precision * distance2 / (1 + distance2 / REACHES_MM[-1] ** 2)).sum((1, 2))
        strange = (bodies.own(bodies.poses) - self.mean).flatten(1)
        return 0.5 * (misfit + ((strange @ self.precision) * strange).sum(1))

    def _meet(self, rays: Rays) -> tuple[Tensor, Tensor]:
        """Where rays meet (N, J, 3), and which joints two views show (N, J)."""
        known = (rays.weights > 0).sum(1) >= 2
        return rays.meet(rays.weights.new_zeros(*known.shape, 3), 1e-4), known

    def _place(self, points: Tensor, known: Tensor) -> tuple[Tensor, ...]:
        """What joints of two views or more say of place and heading.

        Returns:
            ``center`` (N, 2), ``heading`` (N,) in radians, and ``placed`` (N,), whether they
            say enough.
        """
        count = known.sum(1)
        hips = known[:, self.frame.hips].all(1)
        middle = (points * known[..., None]).sum(1) / count.clamp_min(1)[:, None]
        center = torch.where(hips[:, None], points[:, self.frame.hips].mean(1), middle)[:, :2]
        sides = known[:, self.frame.left] & known[:, self.frame.right]
        heading = self.frame.heading(points, sides)
        return center, heading, (count >= MIN_JOINTS) & sides.any(1)

    def _settle(
        self,
        rays: Rays,
        shift: Tensor,
        turn: Tensor,
        first: Tensor | None,
        reaches: tuple[float, ...] = ROUGH_REACHES_MM,
        pull: tuple[Tensor, Tensor] | None = None,
    ) -> Bodies:
        """Iteratively reweighted least squares (IRLS); from ``first`` where it is known."""
        own = rays.moved(shift, turn)
        feet, precision = own.feet(), own.weights * self.ray_precision
        if pull is not None:
            pull = (pull[0] + shift[:, None]) @ turn.transpose(1, 2), pull[1]
        if first is not None:
            first = (first + shift[:, None]) @ turn.transpose(1, 2)
        if first is None or first.isnan().any():
            x = self._solve(own, feet, precision, pull)[0]
            first = x if first is None else torch.where(first.isnan(), x, first)
        x = first
        for reach in reaches:
            weights = precision / (1 + own.distance2(x) / reach**2).square()
            x, factor = self._solve(own, feet, weights, pull)
        variance = torch.cholesky_inverse(factor).diagonal(dim1=1, dim2=2)
        spread = variance.clamp_min(1.0).sqrt().view_as(x)
        return Bodies(x @ turn - shift[:, None], spread, shift, turn)

    def _solve(
        self, own: Rays, feet: Tensor, precision: Tensor, pull: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """Most likely poses (N, J, 3) for precisions (N, V, J), and their systems' factors."""
        people, joints = precision.shape[0], self.num_joints
        normal, target = own.equations(feet, precision)
        if pull is not None:
            normal = normal + pull[1][..., None, None] * torch.eye(3, device=normal.device)
            target = target + pull[1][..., None] * pull[0]
        system = self.precision.expand(people, -1, -1).clone()
        blocks = system.view(people, joints, 3, joints, 3).diagonal(dim1=1, dim2=3)
        blocks += normal.permute(0, 2, 3, 1)
        factor = torch.linalg.cholesky(system)
        x = torch.cholesky_solve(target.flatten(1)[..., None] + self.pull[:, None], factor)
        return x.view(people, joints, 3), factor

    def _try_headings(self, rays: Rays, floor_mm: Tensor) -> Bodies:
        """The best of several headings, for people whom hardly more than one view shows."""
        center = self._stands(rays, floor_mm)
        shift = torch.cat([-center, -floor_mm[:, None]], 1)
        angles = torch.arange(HEADINGS, device=shift.device) * (2 * math.pi / HEADINGS)
        often = functools.partial(torch.repeat_interleave, repeats=HEADINGS, dim=0)
        turn = turn_to(angles.float()).repeat(len(shift), 1, 1)
        # Most of them are shown by one view alone, wherever that is in the rig.
        shown = (rays.weights > 0).any(-1)
        view = shown.float().argsort(1, descending=True)[:, : int(shown.sum(1).max())]
        row = torch.arange(len(view), device=view.device)[:, None]
        few = rays[row, view]
        every = few[often(row[:, 0])]
        rough = self._settle(every, often(shift), turn, None)
        best = self.energy(every, rough).view(-1, HEADINGS).argmin(1)
        best = torch.arange(len(shift), device=best.device) * HEADINGS + best
        return self._settle(few, shift, turn[best], rough.poses[best])

    def _stands(self, rays: Rays, floor_mm: Tensor) -> Tensor:
        """(N, 2) where joints would be if they were as high as those of the mean body."""
        height = self.mean[:, 2] + floor_mm[:, None]
        found = rays.weights > 0
        up = rays.directions[..., 2]
        origin = rays.origins[:, :, None]
        along = (height[:, None] - origin[..., 2]) / torch.where(up.abs() < 0.03, torch.nan, up)
        fair = found & (along > 0) & (along < FARTHEST_MM)
        guess = torch.where(fair, along, torch.where(found, 4000.0, torch.nan))
        # A level ray says nothing of depth, so it only counts where no other does.
        guess = torch.where(found & ~fair & fair.any(2, keepdim=True), torch.nan, guess)
        places = (origin + guess[..., None] * rays.directions)[..., :2]
        return places.flatten(1, 2).nanmedian(1).values.nan_to_num()


def turn_to(heading: Tensor) -> Tensor:
    """(N,) directions of people's left to (N, 3, 3) rotations that make it +x."""
    cos, sin, zero = heading.cos(), heading.sin(), torch.zeros_like(heading)
    rows = [cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1]
    return torch.stack(rows, -1).view(-1, 3, 3)


@functools.lru_cache(maxsize=None)
def _statistics(bank_file: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean (J, 3) and covariance (3 J, 3 J) of people's joints in their own axes."""
    rng = np.random.default_rng(0)
    if bank_file is None:
        poses = built_in_poses(BODIES, rng)
    else:
        bank = read_bank(bank_file)
        poses = bank.poses[bank.visible.all(1)]
        if len(poses) < MIN_BANK:
            raise InputError(
                f'{bank_file}: {len(poses)} poses with all joints, of {len(bank)}; a body needs '
                f'{MIN_BANK} or more',
                code='no-data',
                file=bank_file,
                found=len(poses),
                expected=MIN_BANK,
            )
        # What people do to the left they also do to the right.
        poses = np.concatenate([poses, poses[:, COCO17.flip_order] * (1, -1, 1)])
        poses[..., :2] -= COCO17.root_of(poses)[:, None, :2]
    poses = poses * (1 + SIZE_SPREAD * rng.uniform(-1, 1, (len(poses), 1, 1)))
    points = torch.from_numpy(poses)
    heading = PersonFrame(COCO17).heading(points, points.new_ones(len(points), 2))
    poses = (points @ turn_to(heading).transpose(1, 2)).numpy()
    flat = poses.reshape(len(poses), -1)
    place = np.kron(np.ones((len(COCO17),) * 2), np.diag(np.square(PLACE_SPREAD_MM)))
    own = OWN_SPREAD_MM**2 * np.eye(flat.shape[1])
    return poses.mean(0), np.cov(flat.T) + place + own
