"""Whether a rig's image sizes are those of its pictures."""

from __future__ import annotations

from pathlib import Path

from mmpose_ours.calibration.check import Problem
from mmpose_ours.cameras import Camera, CameraRig
from mmpose_ours.recordings import first_frame

# Scaled by the same factor along both sides, up to a pixel of rounding.
SAME_SHAPE = 0.01


def inspect_pictures(
    rig: CameraRig, root: Path
) -> tuple[dict[str, tuple[int, int] | None], list[Problem]]:
    """Compare image sizes with the first picture of each camera that can be decoded.

    Args:
        rig: V cameras.
        root: Where their images or videos lie, see :mod:`mmpose_ours.recordings`.

    Returns:
        (width, height) of each camera's pictures by name, None without any; and problems.
    """
    sizes: dict[str, tuple[int, int] | None] = {}
    problems = []
    for camera in rig:
        found = first_frame(root, camera.name)
        if found is None:
            sizes[camera.name] = None
            problems.append(
                Problem(
                    'images',
                    f'camera {camera.name!r} has no picture that can be decoded in {root}; name '
                    f'the folder or video after the camera ({root / camera.name}), or leave it '
                    'out with --cameras',
                    (camera.name,),
                )
            )
            continue
        path, image = found
        sizes[camera.name] = (image.shape[1], image.shape[0])
        problem = _compare(camera, sizes[camera.name] or (0, 0), path)
        if problem is not None:
            problems.append(problem)
    return sizes, problems


def _compare(camera: Camera, size: tuple[int, int], path: Path) -> Problem | None:
    if camera.size is None or camera.size == size:
        return None
    given, (width, height) = camera.size, size
    found = (
        f'camera {camera.name!r}: {path} is {width}x{height}, but the calibration is for '
        f'{given[0]}x{given[1]}'
    )
    if given == (height, width):
        sentence = (
            f'{found}, so width and height are swapped or the pictures were turned; correct the '
            'size, or turn the pictures back as they were calibrated'
        )
    elif abs(width / given[0] * given[1] / height - 1) < SAME_SHAPE:
        sentence = (
            f'{found}, so the calibration is one of another resolution; convert it with '
            f'--scale-intrinsics {width}x{height}'
        )
    else:
        sentence = (
            f'{found}, which is another shape, so the pictures were cropped or are those of '
            'another camera; calibrate on these pictures, or use the uncropped ones'
        )
    return Problem('resolution', sentence, (camera.name,))
