"""A recording as the page takes it: a small manifest, and arrays of 16-bit numbers as text.

Coordinates are quantised to a 65,000th of the scene or of three image widths, which is a
fraction of a millimetre or of a pixel. People are projected here and not in the browser, so
that every lens model of the package is right in the page too.
"""

from __future__ import annotations

import base64
import dataclasses
from typing import Any, Sequence

import numpy as np

from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.joint_maps import has_human_body
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton
from mmpose_ours.visualization.backdrop import Backdrop
from mmpose_ours.visualization.colours import track_colours
from mmpose_ours.visualization.figures.perspective import FRUSTUM_SHARE, MIN_FRUSTUM_MM, frustum
from mmpose_ours.visualization.projected import finely, project_before
from mmpose_ours.visualization.results import detected_in

MISSING = -32768
LEVELS = 65_000
# (what it is called, from, to), on both sides, where a skeleton has both joints.
BONES = (
    ('thigh', 'hip', 'knee'),
    ('shin', 'knee', 'ankle'),
    ('upper arm', 'shoulder', 'elbow'),
    ('forearm', 'elbow', 'wrist'),
)
FACE = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear', 'bottom_head', 'top_head')
# A straight line of the scene is bent by a lens; so far apart it still looks smooth.
LINE_STEP_MM = 250.0


@dataclasses.dataclass(frozen=True, eq=False)
class PageData:
    """What the page is made from.

    Args:
        manifest: Plain data for JSON.
        arrays: Name to array; the page knows the types.
    """

    manifest: dict[str, Any]
    arrays: dict[str, np.ndarray]


def page_data(
    rig: CameraRig,
    frames: Sequence[FrameResult],
    joints: Skeleton | str,
    space: CaptureVolume | None,
    fps: float | None,
    title: str,
) -> PageData:
    """Pack a recording; arguments as :func:`~mmpose_ours.visualization.page.scene.write_scene_page`.

    Raises:
        InputError: A camera's image size is unknown.
    """  # noqa: E501
    skeleton = as_skeleton(joints)
    poses = np.concatenate([np.zeros((0, len(skeleton), 3)), *(i.poses.xyz_mm for i in frames)])
    world, world_of = _world(poses, rig)
    backdrop = Backdrop.of(rig, space)
    lines = [*(finely(line, LINE_STEP_MM) for line in backdrop.grid + backdrop.box)]
    pixels, found, found_counts, bent = [], [], [], []
    for camera in rig:
        size = camera.need_size('into which the page draws the people')
        pixels.append(_pixels(project_before(camera, poses), size))
        bent.append(_pixels(project_before(camera, np.concatenate(lines)), size))
        for frame in frames:
            points = _found(frame, camera)
            found.append(_pixels(points, size))
            found_counts.append(len(points))
    colours = track_colours(frame.track_ids for frame in frames)
    manifest = {
        'title': title,
        'frames': [frame.frame for frame in frames],
        'fps': fps,
        'people': [{'id': i, 'colour': colour} for i, colour in sorted(colours.items())],
        'cameras': _cameras(rig, backdrop),
        'grid': [line.round(1).tolist() for line in backdrop.grid],
        'box': [line.round(1).tolist() for line in backdrop.box],
        'gridMm': backdrop.grid_mm,
        'floorMm': backdrop.floor_mm,
        'lineLengths': [len(line) for line in lines],
        'world': world,
        **_skeleton(skeleton),
    }
    arrays = {
        'counts': np.array([len(i.poses.xyz_mm) for i in frames], '<u2'),
        # Numbers up to 2^53, as JavaScript has them.
        'ids': _joined([i.track_ids for i in frames], '<f8'),
        'scores': _joined([_or_nan(i.poses.scores, len(i.poses.xyz_mm)) for i in frames], '<f4'),
        'views': _joined([_or_nan(i.poses.views, len(i.poses.xyz_mm)) for i in frames], '<f4'),
        'poses': world_of,
        'pixels': np.concatenate(pixels),
        'foundCounts': np.array(found_counts, '<u2'),
        'found': np.concatenate([np.zeros((0, 2), '<i2'), *found]),
        'lines': np.concatenate(bent),
    }
    return PageData(manifest, arrays)


def as_text(array: np.ndarray) -> str:
    """An array's bytes, least first, as base64."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode('ascii')


def quantised(values: np.ndarray, origin: np.ndarray, step: np.ndarray | float) -> np.ndarray:
    """``(values - origin) / step`` as 16-bit whole numbers; :data:`MISSING` where out of range.

    Args:
        values: (..., D); NaN in any of D makes all of them missing.
        origin: (D,) what becomes 0.
        step: What becomes 1.
    """
    levels = np.round((np.asarray(values) - origin) / step)
    with np.errstate(invalid='ignore'):
        known = (np.abs(levels) <= LEVELS / 2).all(-1, keepdims=True)
    return np.where(known, np.where(known, levels, 0), MISSING).astype('<i2')


def _world(poses: np.ndarray, rig: CameraRig) -> tuple[dict[str, Any], np.ndarray]:
    points = np.concatenate([poses.reshape(-1, 3), rig.centers_w])
    points = points[np.isfinite(points).all(-1)]
    origin = (points.min(0) + points.max(0)) / 2
    step = max(float(np.ptp(points, axis=0).max()) / (LEVELS - 2), 0.01)
    return {'origin': origin.tolist(), 'step': step}, quantised(poses, origin, step)


def _pixels(uv: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels from an image's width left of the image to one right of it, and likewise up."""
    return quantised(uv, np.array(size) / 2, 3 * max(size) / LEVELS)


def _found(frame: FrameResult, camera: Camera) -> np.ndarray:
    """(N, 2) the joints that were detected in a camera's image."""
    found = detected_in(frame, camera.name)
    return np.zeros((0, 2)) if found is None else found[found[..., 2] > 0][:, :2]


def _cameras(rig: CameraRig, backdrop: Backdrop) -> list[dict[str, Any]]:
    points = np.concatenate([rig.centers_w, *backdrop.box])
    length = max(FRUSTUM_SHARE * float(np.ptp(points, axis=0).max()), MIN_FRUSTUM_MM)
    return [
        {
            'name': camera.name,
            'size': camera.need_size(),
            'pixelStep': 3 * max(camera.need_size()) / LEVELS,
            'center': camera.center_w.round(1).tolist(),
            'forward': camera.R_w2c[2].round(5).tolist(),
            'frustum': [line.round(1).tolist() for line in frustum(camera, length)],
        }
        for camera in rig
    ]


def _skeleton(skeleton: Skeleton) -> dict[str, Any]:
    """Which joints the page connects, and which it measures between."""
    # An animal's head is no ball of a person's size.
    head = FACE if has_human_body(skeleton) else ()

    def pairs(in_face: bool) -> list[list[int]]:
        return [
            skeleton.index(*limb)
            for limb in skeleton.limbs
            if (limb[0] in head and limb[1] in head) == in_face
        ]

    bones = [
        [f'{side} {name}', *skeleton.index(f'{side}_{a}', f'{side}_{b}')]
        for name, a, b in BONES
        for side in ('left', 'right')
        if {f'{side}_{a}', f'{side}_{b}'} <= set(skeleton.joints)
    ]
    return {
        'joints': list(skeleton.joints),
        'limbs': pairs(in_face=False),
        'face': pairs(in_face=True),
        'head': [i for i, joint in enumerate(skeleton.joints) if joint in head],
        'root': skeleton.index(*(skeleton.root or skeleton.joints)),
        'sides': [_side(joint) for joint in skeleton.joints],
        'bones': bones,
    }


def _side(joint: str) -> int:
    """-1 for a left joint, 1 for a right one, 0 for one in the middle."""
    return int(joint.startswith('right_')) - int(joint.startswith('left_'))


def _joined(parts: Sequence[np.ndarray], kind: str) -> np.ndarray:
    return np.concatenate([np.zeros(0), *parts]).astype(kind)


def _or_nan(values: np.ndarray | None, count: int) -> np.ndarray:
    return np.full(count, np.nan) if values is None else np.asarray(values, dtype=float)
