"""The scene frame: where up, floor and people are, estimated from the people of a recording.

Models assume people of adult size on the floor z = 0 with z up. The world of a calibration need not
be like that: its origin may be a metre above the floor, its axes may be tilted, its unit may be
off by a factor, and people may be children. So people are first located without any of these
assumptions: cross-view association and triangulation need only the calibration. The similarity
transform that follows from them takes the world of the rig to the scene frame, in which the models
run. Their results are transformed back, so that a user never sees the scene frame.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Callable

import numpy as np
import torch

from mmpose_ours.calibration.alignment.floor import floor_by_people, lowest_ankles
from mmpose_ours.calibration.alignment.height import USUAL_HEIGHT_MM, rough_height
from mmpose_ours.calibration.alignment.level import rotation_onto_z
from mmpose_ours.calibration.alignment.poses import MIN_PEOPLE, enough_joints, middle
from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.calibration.alignment.up_axis import up_by_people
from mmpose_ours.calibration.checks.optical_axes import angle_degrees, degrees_off_z
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.kernels.constants import (
    ANKLE_MM,
    ANKLE_STD_MM,
    WEAK_PRIOR_WEIGHT,
)
from mmpose_ours.models.association.proposals import Proposer, gather_rays
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import GaussianBody
from mmpose_ours.structures.skeletons import COCO17

# Degrees. The up axis of the rig is kept unless people contradict it by more: feet, that touch one
# plane, are more exact than bodies, which may all lean the same way.
MIN_TILT_BY_FEET, MIN_TILT_BY_BODIES = 3.0, 20.0
# Degrees. Worlds that people contradict by more need the cameras to agree: the mean of their
# vertical axes points the same way (its component along a direction is at least this).
MAX_LEAN, MIN_UPRIGHT = 45.0, 0.25
# Ratio of the estimated body height to an adult's. Within, people are not rescaled: adults differ
# by this much, and detectors move joints.
ADULT_RATIO = (0.82, 1.2)
SIZE_LIMITS = (0.25, 1.5)
# mm. Standard deviations of the position of people whose floor is unknown.
UNKNOWN_POSITION_STD_MM = (2000.0, 2000.0, 5000.0)
# Ankles from which the floor is estimated; with fewer it is estimated from whole bodies.
MIN_ANKLES = 5
# mm. How far the mean of many people may be off the floor, all the same: nobody's ankles are where
# a detector puts them, and the legs of people behind tables are guessed.
FLOOR_BY_FEET_STD_MM, FLOOR_BY_BODIES_STD_MM = 30.0, 100.0
# mm. The volume of a scene holds the hips of nearly everybody, plus this.
AROUND_PEOPLE_MM = 1500.0
HEIGHT_MM = 2400.0

# 1 minus the cosine of the angle between two rays, at least, for a joint to count as triangulated:
# 10 degrees. And the largest root mean square distance of its rays, in mm.
MIN_RAY_ANGLE, MAX_RAY_DISTANCE_MM = 0.015, 120.0


@dataclasses.dataclass(frozen=True)
class Measured:
    """A quantity of the scene, and what it follows from.

    Args:
        value: In degrees, mm, or as a ratio.
        std: Its standard deviation; infinite where it is an assumption.
        source: ``'feet'``, ``'bodies'``, ``'limbs'`` or ``'rig'``.
        count: Number of people that it was estimated from.
    """

    value: float
    std: float
    source: str
    count: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """The scene frame of a recording.

    Args:
        from_world: The transform from the world of the rig, in mm, to the scene frame.
        rig: The cameras in the scene frame.
        space: The capture volume in the scene frame.
        tilt: Angle between the up axes of rig and scene, in degrees.
        floor: z of the floor in the world of the rig, in mm, along the scene's up axis.
        size: Body height of the people relative to that of the adults that the models know; 1
            where they are adults.
        height_mm: Estimated body height, NaN where unknown.
        people: Number of people that all this follows from; a person counts once in each frame.
        frames: Number of frames.
    """

    from_world: Similarity
    rig: CameraRig
    space: CaptureVolume
    tilt: Measured
    floor: Measured
    size: Measured
    height_mm: float = math.nan
    people: int = 0
    frames: int = 0

    @classmethod
    def of_rig(cls, rig: CameraRig, space: CaptureVolume) -> Scene:
        """The world of the rig itself, where nothing is known of the people."""
        assumed = math.inf, 'rig'
        return cls(
            Similarity(), rig, space, Measured(0, *assumed), Measured(0, *assumed),
            Measured(1, *assumed),
        )  # fmt: skip

    @property
    def level(self) -> Similarity:
        """The transform from the world of the rig to one with z up and the floor at z = 0."""
        return Similarity(self.from_world.R, shift=np.array([0.0, 0.0, -self.floor.value]))

    def box_in(self, from_scene: Callable[[np.ndarray], np.ndarray]) -> CaptureVolume:
        """The smallest box along the axes of another world that holds the capture volume.

        Args:
            from_scene: Takes points (8, 3) to that world.
        """
        low, high = self.space.lower_mm, self.space.upper_mm
        corners = from_scene(np.stack(np.meshgrid(*zip(low, high)), -1).reshape(-1, 3))
        low, high = corners.min(0), corners.max(0)
        return CaptureVolume(tuple((low + high) / 2), tuple(high - low))

    def to_world(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) of the scene frame in the world of the rig, in mm."""
        return self.from_world.inverse()(points)


def estimate_scene(rig: CameraRig, rays: Rays, origin_mm: np.ndarray) -> Scene | None:
    """Estimate up axis, floor, body size and volume from the people of some frames.

    Args:
        rig: V cameras, in mm.
        rays: By frame, relative to ``origin_mm``: directions (B, V, P, 17, 3).
        origin_mm: (3,) in the world of the rig.

    Returns:
        None if fewer than :data:`MIN_PEOPLE` people are seen by two cameras.
    """
    groups, people_mm = _triangulated(rays)
    people_mm = people_mm + origin_mm
    known = enough_joints(people_mm)
    if known.sum() < MIN_PEOPLE:
        return None
    level, tilt = _level(people_mm[known], rig)
    size, height_mm = _size(people_mm[known])
    level = dataclasses.replace(level, scale=1 / size.value)
    floor = _floor(level(people_mm[known]), groups[torch.from_numpy(known)], level, origin_mm)
    level_mm = level(people_mm[known])
    hips = middle(level_mm, 'hip')
    centers = np.where(np.isfinite(hips), hips, np.nanmean(level_mm, axis=1))
    x, y = np.median(centers[:, :2], axis=0)
    from_world = dataclasses.replace(level, shift=np.array([-x, -y, -floor.value]))
    return Scene(
        from_world,
        from_world.of_rig(rig),
        _around(centers + from_world.shift),
        tilt,
        dataclasses.replace(floor, value=floor.value * size.value, std=floor.std * size.value),
        size,
        height_mm,
        int(known.sum()),
        len(rays.weights),
    )


def _triangulated(rays: Rays) -> tuple[Rays, np.ndarray]:
    """The people whom two views or more show: N groups of rays, and (N, 17, 3) joints in mm.

    Joints are NaN where fewer than two rays show them, where these are nearly parallel, or where
    they miss each other.
    """
    groups = Proposer()(rays)
    sample, group = torch.nonzero((groups >= 0).any(-1), as_tuple=True)
    people = gather_rays(rays, groups[sample, group], sample)
    x = people.triangulate(
        people.weights.new_zeros(*people.weights.shape[::2], 3), WEAK_PRIOR_WEIGHT
    )
    shown = (people.weights > 0).float()
    distance2 = (people.squared_distances(x) * shown).sum(1) / shown.sum(1).clamp_min(1)
    matrix, _ = people.normal_equations(people.nearest_to_origin(), shown)
    known = (shown.sum(1) >= 2) & (distance2 < MAX_RAY_DISTANCE_MM**2)
    known &= torch.linalg.eigvalsh(matrix)[..., 0] > MIN_RAY_ANGLE
    return people, torch.where(known[..., None], x, torch.nan).cpu().double().numpy()


def _level(people_mm: np.ndarray, rig: CameraRig) -> tuple[Similarity, Measured]:
    """The rotation that makes people stand upright, and by how much it tilts the world.

    The cameras, which stand upright, distinguish people who lie from worlds with another up axis.
    """
    try:
        up = up_by_people(people_mm)
    except CalibrationError:  # too few bodies, or they disagree
        return Similarity(), Measured(0, math.inf, 'rig')
    if up.feet:
        source, count, least = 'feet', up.feet, MIN_TILT_BY_FEET
    else:
        source, count, least = 'bodies', up.bodies, MIN_TILT_BY_BODIES
    # Worlds mostly have up along one of their axes, if not along the right one.
    axis = np.eye(3)[np.abs(up.up).argmax()] * np.sign(up.up[np.abs(up.up).argmax()])
    direction = axis if angle_degrees(axis, up.up) < least else up.up
    degrees = float(degrees_off_z(direction))
    camera_up = -np.mean([camera.R_w2c[1] for camera in rig], axis=0)
    lying = degrees > MAX_LEAN and camera_up @ direction < max(camera_up[2], MIN_UPRIGHT)
    if not degrees or lying:
        return Similarity(), Measured(0, least / 2, 'rig', count)
    return Similarity(rotation_onto_z(direction)), Measured(degrees, least / 2, source, count)


def _size(people_mm: np.ndarray) -> tuple[Measured, float]:
    """The body height relative to an adult's (1 if it is that of an adult), and in mm."""
    try:
        height_mm = rough_height(people_mm)
    except CalibrationError:  # too few limbs
        return Measured(1, math.inf, 'rig'), math.nan
    ratio = height_mm / USUAL_HEIGHT_MM
    if ADULT_RATIO[0] < ratio < ADULT_RATIO[1] or not SIZE_LIMITS[0] < ratio < SIZE_LIMITS[1]:
        return Measured(1, 0.1, 'rig', len(people_mm)), height_mm
    return Measured(ratio, 0.05, 'limbs', len(people_mm)), height_mm


def _floor(people_mm: np.ndarray, rays: Rays, level: Similarity, origin_mm: np.ndarray) -> Measured:
    """The z of the floor in a level world in which people are adults."""
    ankles = lowest_ankles(people_mm, np.array([0.0, 0.0, 1.0]))
    if len(ankles) >= MIN_ANKLES:
        try:
            floor_mm = floor_by_people(people_mm)
            # Where few stand, and others sit or hang, the lower ankles are far below the median.
            low, half = np.percentile(ankles[:, 2], (10, 50))
            std = max(FLOOR_BY_FEET_STD_MM, (half - low) / 2)
            return Measured(floor_mm, std, 'feet', len(ankles))
        except CalibrationError:  # too few limbs
            pass
    rotation = torch.as_tensor(level.R).to(rays.origins)
    origin = torch.as_tensor(level(origin_mm)).to(rays.origins)
    turned = rays.transformed(
        torch.zeros_like(rays.origins[:, 0]), rotation.expand(len(rays.weights), 3, 3)
    )
    turned = Rays(turned.origins * level.scale, turned.directions, turned.weights)
    body = GaussianBody(COCO17, position_std_mm=UNKNOWN_POSITION_STD_MM)
    estimates = body(turned, turned.origins.new_zeros(len(turned.weights)))
    index = list(COCO17.index('left_ankle', 'right_ankle'))
    z, std = estimates.poses[:, index, 2], estimates.std[:, index, 2]
    lower, side = z.min(1)
    std = std.gather(1, side[:, None])[:, 0].square().add(ANKLE_STD_MM**2).sqrt()
    floor, weight = lower - ANKLE_MM + origin[2], std**-2
    value = floor.median()
    for _ in range(10):
        near = weight / (1 + ((floor - value) / (2 * std)).square()).square()
        value = (near * floor).sum() / near.sum()
    spread = float((near * (floor - value).square()).sum() / near.sum()) ** 0.5
    return Measured(float(value), max(FLOOR_BY_BODIES_STD_MM, spread / 2), 'bodies', len(floor))


def _around(centers_mm: np.ndarray) -> CaptureVolume:
    """The volume around people (N, 3) in the scene frame."""
    low, high = np.percentile(centers_mm[:, :2], (2, 98), axis=0)
    low, high = (
        np.round(edge / 100) * 100 for edge in (low - AROUND_PEOPLE_MM, high + AROUND_PEOPLE_MM)
    )
    (x, y), (width, depth) = (low + high) / 2, high - low
    return CaptureVolume((x, y, HEIGHT_MM / 2), (width, depth, HEIGHT_MM))
