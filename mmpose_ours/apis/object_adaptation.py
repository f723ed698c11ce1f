"""What is measured on a recording of animals or objects: their size, noise, and where they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Sequence

import numpy as np

from mmpose_ours.apis.adaptation import Adaptation, View2D
from mmpose_ours.apis.scene import Scene
from mmpose_ours.geometry.volume import MIN_SIZE_MM, CaptureVolume
from mmpose_ours.parts.objects import PERSON_RADIUS_MM, ObjectEstimator, radii_of
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.text import argument
from mmpose_ours.tracking.smoothing import MAX_LAG_MM

if TYPE_CHECKING:
    from mmpose_ours.apis.inferencer import MultiviewInferencer

# The gate of tracking in radii of the object: animals move more of their lengths per frame than
# people, whose gate is one radius.
GATE_RADII = 3.0
# The capture volume holds the joints and so many radii around them.
AROUND_RADII = 2.0


class ObjectAdaptation(Adaptation):
    """The size, the noise and the volume of the objects of one recording.

    Up axis, floor and unit stay those of the calibration: only people tell them.

    Args:
        inferencer: The rig.
        skeleton: The joints of the objects.

    Attributes:
        estimator: Estimates the poses; it learns the distances between joints as it is measured.
        radius_mm: Median radius of the objects (:func:`~mmpose_ours.parts.objects.radii_of`); NaN
            until one is seen.
        std_mm: Median standard deviation of a joint across its ray.
    """

    def __init__(self, inferencer: MultiviewInferencer, skeleton: Skeleton):
        super().__init__(inferencer)
        self.estimator = ObjectEstimator(inferencer.rig, skeleton)
        self.radius_mm = self.std_mm = math.nan
        self._objects = self._frames = 0

    @property
    def space(self) -> CaptureVolume:
        """The capture volume in the world of the results."""
        return self.inferencer.given_space or self.scene.space

    def measure(self, frames: Sequence[View2D]) -> None:
        """See :meth:`Adaptation.measure`."""
        poses, noise = [], []
        for views in frames:
            found = self.estimator(views)
            if len(found):
                poses.append(np.asarray(found.xyz_mm))
                noise.append(self.estimator.std_mm)
        if not poses:
            return
        xyz_mm = np.concatenate(poses)
        self.radius_mm = float(np.median(radii_of(xyz_mm)))
        self.std_mm = float(np.median(noise))
        self._objects, self._frames = len(xyz_mm), len(frames)
        points = xyz_mm[np.isfinite(xyz_mm).all(-1)]
        margin = AROUND_RADII * self.radius_mm
        low, high = points.min(0) - margin, points.max(0) + margin
        if abs(points[:, 2].min()) < self.radius_mm:  # they stand on the floor
            low[2] = min(points[:, 2].min(), 0.0)
        size = np.maximum(high - low, MIN_SIZE_MM)
        space = CaptureVolume(tuple((low + high) / 2), tuple(size))
        self.scene = Scene.of_rig(self.inferencer.rig, space)

    def gate_mm(self, xyz_mm: np.ndarray) -> float:
        """The gate of tracking.

        Args:
            xyz_mm: (P, J, 3) the first poses, which count if none was measured before.
        """
        return GATE_RADII * self._radius(xyz_mm)

    def max_lag_mm(self, xyz_mm: np.ndarray) -> float:
        """The largest lag of smoothing, in the same ratio to the size as that of people."""
        return MAX_LAG_MM * self._radius(xyz_mm) / PERSON_RADIUS_MM

    def _radius(self, xyz_mm: np.ndarray) -> float:
        return (
            self.radius_mm if math.isfinite(self.radius_mm) else float(np.median(radii_of(xyz_mm)))
        )

    def assumptions(self) -> list[str]:
        """What was assumed of scene, volume and noise, as :func:`assumptions.describe` says it."""
        size = ' x '.join(f'{value / 1000:.2f}' for value in self.space.size_mm)
        center = ', '.join(f'{value / 1000:.2f}' for value in self.space.center_mm)
        why, noise = 'where the cameras look; none outside is dropped', 'not measured'
        if self.inferencer.given_space is not None:
            why = f'as given. Wrong? {argument("space")}'
        elif self._objects:
            why = f'around {self._objects} poses in {self._frames} frames; none outside is dropped'
        if self._objects:
            noise = f'joints are +-{self.std_mm:.2g} mm off across their rays'
        return [
            'world   mm, axes and floor as the calibration has them. Wrong? '
            f'{argument("unit")}, {argument("up")}',
            f'volume  {size} m around ({center}) m: {why}',
            f'noise   {noise}',
        ]
