"""``scene.html``: a recording to walk around in, one file that needs no network.

The page's own code lies in ``page/`` and is joined here with the data. It draws on a plain
canvas: a few hundred lines per picture need no graphics library, and the file stays small.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Sequence

from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.cameras import CameraRig, CaptureSpace
from mmpose_ours.io.files import write_whole
from mmpose_ours.visualization.frame_images import PictureSource
from mmpose_ours.visualization.page.images import NO_IMAGES, encode_images
from mmpose_ours.visualization.page.scene_data import as_text, page_data
from mmpose_ours.visualization.page.templates import filled, page_file
from mmpose_ours.visualization.shown_people import PeopleAtInstant, check_joints

# In the order in which they build on each other.
SCRIPTS = (
    'recording.js',
    'viewpoint.js',
    'images.js',
    'paint.js',
    'room.js',
    'strip.js',
    'people.js',
    'gestures.js',
    'main.js',
)
IMAGE_BUDGET = 16_000_000


def write_scene_page(
    path: PathLike,
    rig: CameraRig,
    instants: Sequence[PeopleAtInstant],
    *,
    joints: str = 'coco17',
    space: CaptureSpace | None = None,
    fps: float | None = None,
    pictures: PictureSource | None = None,
    image_budget: int = IMAGE_BUDGET,
    title: str = '',
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a web page of a recording, whole or not at all.

    Args:
        path: The HTML file.
        rig: V cameras with image sizes.
        instants: The people, in the order of time.
        joints: Name of their joint set.
        space: The capture space, drawn as a box.
        fps: Instants per second; None where nobody knows, then no speeds are told.
        pictures: Where the cameras' pictures come from; None shows blank ones.
        image_budget: How many bytes of JPEG the page may carry. Where they do not suffice,
            fewer instants carry pictures, and the page says whose picture it shows.
        title: The page's title.
        progress: Called with how many instants' pictures are done, and of how many.

    Returns:
        How many instants carry pictures.

    Raises:
        ValueError: There is no instant, people have other joints, an image size is unknown,
            or a picture is broken or of another shape.
        OSError: The file cannot be written.
    """
    if not instants:
        raise ValueError(f'{path}: there is no instant to show; give at least one frame')
    check_joints(instants, joints)
    data = page_data(rig, instants, joints, space, fps, title)
    images = NO_IMAGES
    if pictures is not None:
        frames = [instant.frame for instant in instants]
        images = encode_images(pictures, rig, frames, image_budget, progress)
    manifest = {**data.manifest, 'imageInstants': images.instants, 'imageSpans': images.spans}
    blocks = [_block('application/json', 'manifest', _json(manifest))]
    for name, array in data.arrays.items():
        blocks.append(_block('text/plain', f'data-{name}', as_text(array)))
    blocks.append(_block('text/plain', 'images', images.text))
    scripts = '\n'.join(map(page_file, SCRIPTS))
    parts = {
        '/*STYLE*/': page_file('page.css'),
        '<!--DATA-->': '\n'.join(blocks),
        '/*SCRIPT*/': f"(() => {{\n'use strict';\n{scripts}\n}})();",
    }
    with write_whole(path) as file:
        file.write(filled('page.html', parts))
    return len(images.instants)


def _block(kind: str, name: str, content: str) -> str:
    return f'<script type="{kind}" id="{name}">{content}</script>'


def _json(data: Any) -> str:
    """JSON that cannot end the element it stands in, whatever cameras are called."""
    return json.dumps(data, separators=(',', ':'), allow_nan=False).replace('<', '\\u003c')
