"""``scene.html``: a recording to walk around in, one file that needs no network.

The page's own code lies in ``page/`` and is joined here with the data. It draws on a plain
canvas: a few hundred lines per image need no graphics library, and the file stays small.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Sequence

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.visualization.frame_images import ImageSource
from mmpose_ours.visualization.page.images import NO_IMAGES, CarriedImages, encode_images
from mmpose_ours.visualization.page.scene_data import as_text, page_data
from mmpose_ours.visualization.page.templates import filled, page_file
from mmpose_ours.visualization.results import check_joints

# In the order in which they build on each other.
SCRIPTS = (
    'recording.js',
    'viewpoint.js',
    'images.js',
    'paint.js',
    'room.js',
    'strip.js',
    'people.js',
    'measure.js',
    'gestures.js',
    'main.js',
)
IMAGE_BUDGET = 32_000_000


def write_scene_page(
    path: PathLike,
    rig: CameraRig,
    frames: Sequence[FrameResult],
    *,
    joints: Skeleton | str = 'coco17',
    space: CaptureVolume | None = None,
    fps: float | None = None,
    images: ImageSource | None = None,
    image_budget: int = IMAGE_BUDGET,
    title: str = '',
    progress: Callable[[int, int], None] | None = None,
) -> CarriedImages:
    """Write a web page of a recording, whole or not at all.

    Args:
        path: The HTML file.
        rig: V cameras with image sizes.
        frames: The people, in the order of time.
        joints: Name of their skeleton.
        space: The capture volume, drawn as a box.
        fps: Frames per second; None where nobody knows, then no speeds are reported.
        images: Where the cameras' images come from; None shows blank ones.
        image_budget: How many bytes of JPEG the page may carry. Images are as large as lets
            every frame have one. Where the smallest do not fit, every n-th frame has images, and
            the page says whose image it shows.
        title: The page's title.
        progress: Called with how many frames' images are done, and of how many.

    Returns:
        How many frames carry images, how large, and how many had to go without.

    Raises:
        InputError: There is no frame, people have other joints, an image size is unknown,
            or an image is broken or of another shape.
        OSError: The file cannot be written.
    """
    if not frames:
        raise InputError(
            f'{path}: there is no frame to show; give at least one frame',
            code='no-data',
            file=path,
        )
    check_joints(frames, joints)
    data = page_data(rig, frames, joints, space, fps, title)
    page_images = NO_IMAGES
    if images is not None:
        names = [people.frame for people in frames]
        page_images = encode_images(images, rig, names, image_budget, progress)
    manifest = {**data.manifest, 'imageFrames': page_images.frames, 'imageSpans': page_images.spans}
    blocks = [_block('application/json', 'manifest', _json(manifest))]
    for name, array in data.arrays.items():
        blocks.append(_block('text/plain', f'data-{name}', as_text(array)))
    blocks.append(_block('text/plain', 'images', page_images.text))
    scripts = '\n'.join(map(page_file, SCRIPTS))
    parts = {
        '/*STYLE*/': page_file('page.css'),
        '<!--DATA-->': '\n'.join(blocks),
        '/*SCRIPT*/': f"(() => {{\n'use strict';\n{scripts}\n}})();",
    }
    with write_whole(path) as file:
        file.write(filled('page.html', parts))
    return page_images.carried


def _block(kind: str, name: str, content: str) -> str:
    return f'<script type="{kind}" id="{name}">{content}</script>'


def _json(data: Any) -> str:
    """JSON that cannot end the element it stands in, whatever cameras are called."""
    return json.dumps(data, separators=(',', ':'), allow_nan=False).replace('<', '\\u003c')
