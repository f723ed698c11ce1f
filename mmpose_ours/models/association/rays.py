"""2D detections as rays in the world: the input of models that use no heatmaps.

A 2D keypoint of a calibrated camera defines a ray from the camera's centre. Rays do not depend on
the lens or on the image size, and a frame has a few hundred of them where its heatmaps have
millions of pixels.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Sequence, Tuple

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.kernels.constants import TRIANGULATION_SCALE_MM
from mmpose_ours.kernels.triangulation import triangulate
from mmpose_ours.scope import MODELS

# Exponents are clamped to this: exp(-30) = 1e-13 counts as 0, and smaller results would be
# denormal numbers in the end, with which processors are slow.
MAX_EXPONENT = 30.0


# Origins, directions and weights of rays as the kernels take them, in float64.
Arrays = Tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Rays:
    """Rays of joints, in mm. Two layouts occur.

    - *By person*: a person has one detection per view, or none. Origins (N, V, 3), directions
      (N, V, J, 3), weights (N, V, J), for N people, V views and J joints; (B, G) may stand in
      place of N. All methods take this layout.
    - *By frame*: a view has P detections that are not yet assigned to people. Origins (B, V, 3),
      directions (B, V, P, J, 3), weights (B, V, P, J), for B frames; views with fewer than P
      detections are padded with weights of 0. :class:`RayPreprocessor` makes this layout, and
      :func:`~mmpose_ours.models.association.proposals.gather_rays` turns it into the other one.
      Of the methods only :meth:`split` and indexing of the first dimension make sense for it.

    Args:
        origins: (..., V, 3) centres of the cameras.
        directions: (..., V, J, 3) or (..., V, P, J, 3) unit vectors; 0 for missing joints.
        weights: (..., V, J) or (..., V, P, J) scores of the detector; 0 for missing joints.
    """

    origins: Tensor
    directions: Tensor
    weights: Tensor

    def split(self, size: int) -> list[Rays]:
        """The rays in chunks of ``size`` along the first dimension."""
        parts = (self.origins.split(size), self.directions.split(size), self.weights.split(size))
        return [Rays(*part) for part in zip(*parts)]

    def __getitem__(self, index: Any) -> Rays:
        """Index the leading dimensions, which the three tensors share."""
        return Rays(self.origins[index], self.directions[index], self.weights[index])

    @functools.cached_property
    def arrays(self) -> Arrays:
        """Origins, directions and weights as the kernels take them."""
        return as_float64(self.origins), as_float64(self.directions), as_float64(self.weights)

    @functools.cached_property
    def people_arrays(self) -> tuple[Arrays, np.ndarray, np.ndarray]:
        """Rays by person as :mod:`mmpose_ours.kernels.triangulation` takes them.

        Each of the N people is a frame of its own, with one detection per view: the arrays of
        :meth:`arrays`, the frame (N,) of each person, and its group (N, V).
        """
        origins, directions, weights = self.arrays
        groups = np.where((weights > 0).any(-1), 0, -1)
        rays = origins, directions[:, :, None], weights[:, :, None]
        return rays, np.arange(len(groups)), groups

    def transformed(self, shift: Tensor, rotation: Tensor) -> Rays:
        """Rays after ``x -> rotation @ (x + shift)``; shift (..., 3), rotation (..., 3, 3)."""
        transposed = rotation.transpose(-1, -2)
        origins = (self.origins + shift[..., None, :]) @ transposed
        directions = (self.directions.flatten(-3, -2) @ transposed).view_as(self.directions)
        return Rays(origins, directions, self.weights)

    def triangulate(
        self,
        prior_mean: Tensor,
        prior_weight: Tensor | float,
        start: Tensor | None = None,
        scale_mm: Tensor | float = TRIANGULATION_SCALE_MM,
        steps: int = 3,
    ) -> Tensor:
        """Triangulate joints from their rays by iteratively reweighted least squares (IRLS).

        Every step minimises, for each joint, ``sum_v w_v * d_v(x)^2 + |x - prior_mean|^2`` (the
        last term weighted by ``prior_weight``) over the point x, where ``d_v`` is its distance from
        the ray of view v. ``w_v`` is the ray's weight times the Geman-McClure weight
        ``1 / (1 + d_v^2 / scale_mm^2)^2`` at the point of the step before. Differentiable; where no
        gradient is wanted, and ``prior_weight`` is the same along all axes, by the kernel
        :func:`~mmpose_ours.kernels.triangulation.triangulate`, in float64.

        Args:
            prior_mean: (..., J, 3) expected points.
            prior_weight: (..., J, 3), (..., J, 1) or a number: weight of the prior mean along each
                axis, where one ray of weight 1 weighs 1. Must be above 0, since a single ray does
                not determine the depth.
            start: (..., J, 3) points at which the first step computes Geman-McClure weights;
                None uses the rays' own weights in the first step.
            scale_mm: Scale of the Geman-McClure weight, the distance at which it is 1/4, or (J,)
                or (..., 1, J) one per joint.
            steps: Number of steps.

        Returns:
            (..., J, 3) points.
        """
        if not torch.is_grad_enabled() and (
            not isinstance(prior_weight, Tensor) or prior_weight.shape[-1] == 1
        ):
            return self._triangulated(prior_mean, prior_weight, start, scale_mm, steps)
        base_points = self.nearest_to_origin()
        prior = prior_weight * torch.ones_like(prior_mean)
        x, weights = start, self.weights
        for _ in range(steps):
            if x is not None:
                weights = self.weights / (1 + self.squared_distances(x) / scale_mm**2) ** 2
            matrix, right_side = self.normal_equations(base_points, weights)
            matrix = matrix + torch.diag_embed(prior)
            x = torch.linalg.solve(matrix, (right_side + prior * prior_mean)[..., None])[..., 0]
        assert x is not None
        return x

    def _triangulated(
        self,
        prior_mean: Tensor,
        prior_weight: Tensor | float,
        start: Tensor | None,
        scale_mm: Tensor | float,
        steps: int,
    ) -> Tensor:
        """:meth:`triangulate` without a gradient, and with the same weight along all axes."""
        views, joints = self.weights.shape[-2:]
        flat = Rays(
            self.origins.reshape(-1, views, 3),
            self.directions.reshape(-1, views, joints, 3),
            self.weights.reshape(-1, views, joints),
        )
        rays, frame, groups = flat.people_arrays

        def filled(value: Tensor | float, *more: int) -> np.ndarray:
            """A value for each person and joint, and for each of what more there is."""
            tensor = torch.as_tensor(value, dtype=torch.float64, device='cpu')
            whole = tensor.expand(*self.weights.shape[:-2], joints, *more).numpy()
            return np.array(whole.reshape(len(frame), joints, *more))

        weight = prior_weight[..., 0] if isinstance(prior_weight, Tensor) else prior_weight
        if isinstance(scale_mm, Tensor) and scale_mm.ndim > 1:
            scale_mm = scale_mm[..., 0, :]
        mean, first = filled(prior_mean, 3), filled(torch.nan if start is None else start, 3)
        points = triangulate(
            *rays, frame, groups, mean, filled(weight), first, filled(scale_mm), steps
        )
        return torch.from_numpy(points).to(prior_mean).view(prior_mean.shape)

    def nearest_to_origin(self) -> Tensor:
        """(..., V, J, 3) the point of each ray's line that is nearest to (0, 0, 0)."""
        a, origins = self.directions, self.origins[..., None, :]
        return origins - (origins * a).sum(-1, keepdim=True) * a

    def squared_distances(self, points: Tensor) -> Tensor:
        """(..., V, J) squared distance in mm^2 of points (..., J, 3) from the rays' lines."""
        from_camera = points[..., None, :, :] - self.origins[..., None, :]
        depth = (from_camera * self.directions).sum(-1)
        return (from_camera.square().sum(-1) - depth * depth).clamp_min(0)

    def normal_equations(self, base_points: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Normal equations of the points of least weighted squared distance from the rays.

        With unit direction ``a_v`` and base point ``p_v`` of each ray these are
        ``sum_v w_v (I - a_v a_v^T) x = sum_v w_v p_v``.

        Args:
            base_points: The result of :meth:`nearest_to_origin`.
            weights: (..., V, J).

        Returns:
            ``matrix`` (..., J, 3, 3) and ``right_side`` (..., J, 3) with
            ``matrix @ x = right_side``.
        """
        # Written as elementwise sums, since batched products of tiny matrices are much slower.
        a, w = self.directions, weights[..., None]
        outer = ((w * a)[..., :, None] * a[..., None, :]).sum(-4)
        total = weights.sum(-2)[..., None, None]
        matrix = total * torch.eye(3, device=a.device) - outer
        return matrix, (w * base_points).sum(-3)


def as_float64(tensor: Tensor) -> np.ndarray:
    """A tensor as the kernels take it."""
    return tensor.detach().cpu().numpy().astype(np.float64, order='C')


def keypoints_to_rays(rig: CameraRig, keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rays of 2D keypoints, for any lens.

    Args:
        rig: V cameras.
        keypoints: (V, P, J, 3) ``u, v, score`` in pixels; a joint with a score of 0 or less is
            missing; scores above 1 count as 1.

    Returns:
        ``directions`` (V, P, J, 3), unit vectors in the world frame, and ``weights`` (V, P, J),
        the scores; both 0 for missing joints and for pixels that no ray of the lens reaches.
    """
    weights = np.nan_to_num(keypoints[..., 2].astype(np.float64)).clip(0.0, 1.0)
    xy = rig.normalise_points(keypoints[..., :2], weights > 0)
    x, y = xy[..., :1], xy[..., 1:]
    rotation = np.stack([camera.R_w2c for camera in rig])[:, None, None]
    directions = x * rotation[..., 0, :] + y * rotation[..., 1, :] + rotation[..., 2, :]
    # NaN where no ray of the lens reaches the pixel.
    length = np.sqrt(np.square(directions).sum(-1))
    known = np.isfinite(length)
    weights[~known] = 0.0
    directions /= length[..., None]
    directions[weights <= 0] = 0.0
    return directions, weights


@MODELS.register_module()
class RayPreprocessor(BaseDataPreprocessor):
    """Convert the 2D keypoints of a batch to rays; samples may have different rigs.

    Coordinates are relative to the middle of each sample's capture volume, since squares of large
    numbers lose precision in float32.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a collated batch of B samples.

        Args:
            data: ``inputs`` with a list of ``keypoints`` (V, P, J, 3), and ``data_samples``.
            training: Unused.

        Returns:
            ``inputs`` with ``rays`` (:class:`Rays` by frame: origins (B, V, 3), directions
            (B, V, P, J, 3), weights (B, V, P, J), views and detections padded with weights of
            0), and ``data_samples``.

        Raises:
            InputError: There are no keypoints.
        """
        inputs, samples = data['inputs'], data['data_samples']
        if 'keypoints' not in inputs:
            raise InputError(
                'this model takes 2D keypoints, and a sample has none; give the dataset a '
                "keypoint_file (image mode is VoxelPose's)",
                code='missing-value',
                found=sorted(inputs),
                expected='keypoints',
            )
        keypoints = [k.cpu().numpy() for k in inputs['keypoints']]
        views, detections, joints = (max(k.shape[axis] for k in keypoints) for axis in range(3))
        origins = np.zeros((len(samples), views, 3), np.float32)
        directions = np.zeros((len(samples), views, max(detections, 1), joints, 3), np.float32)
        weights = np.zeros(directions.shape[:-1], np.float32)
        for indices, rig in by_rig(samples):
            counts = [keypoints[i].shape[1] for i in indices]
            of_rig = keypoints_to_rays(rig, np.concatenate([keypoints[i] for i in indices], axis=1))
            ends = np.cumsum(counts)[:-1]
            for i, ray, weight in zip(indices, *(np.split(part, ends, 1) for part in of_rig)):
                origins[i, : len(rig)] = rig.centers_w - np.array(samples[i].space.center_mm)
                directions[i, : len(rig), : ray.shape[1]] = ray
                weights[i, : len(rig), : ray.shape[1]] = weight
        arrays = (torch.from_numpy(part) for part in (origins, directions, weights))
        rays = Rays(*(part.to(self.device, non_blocking=self._non_blocking) for part in arrays))
        samples = [sample.to(self.device) for sample in samples]
        return dict(inputs=dict(rays=rays), data_samples=samples)


def by_rig(samples: Sequence) -> list[tuple[list[int], CameraRig]]:
    """For each different rig, the indices of the samples that have it, and the rig."""
    indices: dict[str, list[int]] = {}
    for index, sample in enumerate(samples):
        indices.setdefault(sample.rig.fingerprint, []).append(index)
    return [(of_rig, samples[of_rig[0]].rig) for of_rig in indices.values()]
