"""Detections as rays in the world: what a model needs that never draws a heatmap.

A joint that a camera sees lies on a ray through the camera's centre. Rays are the same for
every lens and every image size, and there are some hundred of them where heatmaps have
millions of pixels.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.scope import MODELS

# exp(-NOTHING) is 0 for all purposes; beyond it come numbers that processors are slow with.
NOTHING = 30.0


@dataclasses.dataclass(frozen=True)
class Rays:
    """Rays of joints, in millimetres; any leading dimensions ``...`` and V views.

    Args:
        origins: (..., V, 3) where the cameras are.
        directions: (..., V, J, 3) unit vectors; 0 where nothing was found.
        weights: (..., V, J) the detector's scores; 0 where nothing was found.
    """

    origins: Tensor
    directions: Tensor
    weights: Tensor

    def split(self, size: int) -> list[Rays]:
        """The rays in parts of ``size`` rows."""
        parts = (self.origins.split(size), self.directions.split(size), self.weights.split(size))
        return [Rays(*part) for part in zip(*parts)]

    def __getitem__(self, rows: Any) -> Rays:
        """Some of the rows, by whatever indexes all three tensors."""
        return Rays(self.origins[rows], self.directions[rows], self.weights[rows])

    def moved(self, shift: Tensor, turn: Tensor) -> Rays:
        """Rays after ``x -> turn @ (x + shift)``; shift (..., 3), turn (..., 3, 3)."""
        back = turn.transpose(-1, -2)
        origins = (self.origins + shift[..., None, :]) @ back
        directions = (self.directions.flatten(-3, -2) @ back).view_as(self.directions)
        return Rays(origins, directions, self.weights)

    def meet(
        self,
        near: Tensor,
        pull: Tensor | float,
        start: Tensor | None = None,
        reach_mm: float = 120.0,
        steps: int = 3,
    ) -> Tensor:
        """Triangulate joints from their rays by iteratively reweighted least squares (IRLS).

        Every step solves for the point of least weighted squared distance from the rays, with
        the weights of those that passed far from the step before reduced (Geman and McClure's
        function). Differentiable.

        Args:
            near: (..., J, 3) where joints are expected.
            pull: (..., J, 3) or a number: how much expectation weighs along each axis, where
                one ray of weight 1 weighs 1. More than 0, since one ray leaves its depth open.
            start: (..., J, 3) where the first step looks from; ``None`` is everywhere.
            reach_mm: Distance at which a ray's weight has fallen to a quarter.
            steps: Solutions, one after the other.

        Returns:
            (..., J, 3).
        """
        feet = self.feet()
        prior = pull * torch.ones_like(near)
        x, weights = start, self.weights
        for _ in range(steps):
            if x is not None:
                weights = self.weights / (1 + self.distance2(x) / reach_mm**2) ** 2
            normal, target = self.equations(feet, weights)
            normal = normal + torch.diag_embed(prior)
            x = torch.linalg.solve(normal, (target + prior * near)[..., None])[..., 0]
        assert x is not None
        return x

    def feet(self) -> Tensor:
        """(..., V, J, 3) the point of each ray that is nearest to (0, 0, 0)."""
        a, origins = self.directions, self.origins[..., None, :]
        return origins - (origins * a).sum(-1, keepdim=True) * a

    def distance2(self, points: Tensor) -> Tensor:
        """(..., V, J) squared distance in mm^2 of each joint's point (..., J, 3) from its rays."""
        away = points[..., None, :, :] - self.origins[..., None, :]
        along = (away * self.directions).sum(-1)
        return (away.square().sum(-1) - along * along).clamp_min(0)

    def equations(self, feet: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """What the points nearest to each joint's rays solve.

        Args:
            feet: What :meth:`feet` returns.
            weights: (..., V, J).

        Returns:
            ``normal`` (..., J, 3, 3) and ``target`` (..., J, 3) with ``normal @ x = target`` for
            the point x of least weighted squared distance.
        """
        # Sums written out: products of tiny matrices cost many times as much.
        a, w = self.directions, weights[..., None]
        along = ((w * a)[..., :, None] * a[..., None, :]).sum(-4)
        total = weights.sum(-2)[..., None, None]
        normal = total * torch.eye(3, device=a.device) - along
        return normal, (w * feet).sum(-3)


def rays_of(rig: CameraRig, keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rays of detections, whatever the lenses.

    Args:
        rig: V cameras.
        keypoints: (V, P, J, 3) ``u, v, score`` in pixels; a score of 0 or less is not found,
            1 is the most there is.

    Returns:
        ``directions`` (V, P, J, 3), unit vectors of the world, and ``weights`` (V, P, J), the
        scores; both 0 where nothing was found or where no ray of the lens ends at the pixel.
    """
    weights = np.clip(np.nan_to_num(keypoints[..., 2].astype(np.float64)), 0.0, 1.0)
    directions = np.empty(keypoints.shape)
    for view, camera in enumerate(rig):
        xy = camera.normalise_points(keypoints[view, ..., :2], weights[view] > 0)
        directions[view] = np.concatenate([xy, np.ones_like(xy[..., :1])], -1) @ camera.R_w2c
    weights[~np.isfinite(directions).all(-1)] = 0.0
    length = np.linalg.norm(directions, axis=-1, keepdims=True)
    return np.where(weights[..., None] > 0, directions / length, 0.0), weights


@MODELS.register_module()
class RayPreprocessor(BaseDataPreprocessor):
    """From the keypoints of a batch to its rays; samples may have different rigs.

    Coordinates are relative to the middle of each sample's capture volume: squares of large
    numbers would cost single precision its digits.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a collated batch of B samples.

        Args:
            data: ``inputs`` with a list of ``keypoints`` (V, P, J, 3), and ``data_samples``.
            training: Unused.

        Returns:
            ``inputs`` with ``rays`` (:class:`Rays` with leading dimensions (B,) for origins and
            (B, V, P) for directions and weights, padded with weights of 0), and
            ``data_samples``.

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
        views, people, joints = (max(k.shape[axis] for k in keypoints) for axis in range(3))
        origins = np.zeros((len(samples), views, 3), np.float32)
        directions = np.zeros((len(samples), views, max(people, 1), joints, 3), np.float32)
        weights = np.zeros(directions.shape[:-1], np.float32)
        for rows, rig in _by_rig(samples):
            counts = [keypoints[row].shape[1] for row in rows]
            together = rays_of(rig, np.concatenate([keypoints[row] for row in rows], axis=1))
            ends = np.cumsum(counts)[:-1]
            for row, ray, weight in zip(rows, *(np.split(part, ends, 1) for part in together)):
                origins[row, : len(rig)] = rig.centers_w - np.array(samples[row].space.center_mm)
                directions[row, : len(rig), : ray.shape[1]] = ray
                weights[row, : len(rig), : ray.shape[1]] = weight
        arrays = (torch.from_numpy(part) for part in (origins, directions, weights))
        rays = Rays(*(part.to(self.device, non_blocking=self._non_blocking) for part in arrays))
        samples = [sample.to(self.device) for sample in samples]
        return dict(inputs=dict(rays=rays), data_samples=samples)


def _by_rig(samples: Sequence) -> list[tuple[list[int], CameraRig]]:
    """Rows of the samples that share a rig, with the rig."""
    rows: dict[str, list[int]] = {}
    for row, sample in enumerate(samples):
        rows.setdefault(sample.rig.fingerprint, []).append(row)
    return [(same, samples[same[0]].rig) for same in rows.values()]
