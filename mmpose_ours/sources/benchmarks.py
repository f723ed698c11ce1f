"""Campus and Shelf: one reader, two descriptions of what the official folders hold."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.detections import check_pixels, read_detections, stack_views
from mmpose_ours.errors import InputError
from mmpose_ours.evaluation.campus_shelf_truth import read_actors
from mmpose_ours.geometry.rig import CameraRig


@dataclasses.dataclass(frozen=True)
class ActorsLayout:
    """What a benchmark's folder holds and how it is scored.

    Args:
        rig_file: Calibration in the Campus/Shelf JSON schema, which lacks the image size.
        image_size: (width, height) of every camera.
        keypoint_file: Detections, keyed ``<camera>_<frame>``.
        truth_file: ``actorsGT.mat``.
        image_pattern: Image path with ``{camera}`` and ``{frame}``.
        test_frames: Published test ranges, first and last inclusive, counted from 0.
    """

    rig_file: str
    image_size: tuple[int, int]
    keypoint_file: str
    truth_file: str
    image_pattern: str
    test_frames: tuple[tuple[int, int], ...]


SHELF = ActorsLayout(
    rig_file='calibration_shelf.json',
    image_size=(1032, 776),
    keypoint_file='pred_shelf_maskrcnn_hrnet_coco.pkl',
    truth_file='actorsGT.mat',
    image_pattern='Camera{camera}/img_{frame:06d}.png',
    test_frames=((300, 600),),
)
CAMPUS = ActorsLayout(
    rig_file='calibration_campus.json',
    image_size=(360, 288),
    keypoint_file='pred_campus_maskrcnn_hrnet_coco.pkl',
    truth_file='actorsGT.mat',
    image_pattern='Camera{camera}/campus4-c{camera}-{frame:05d}.png',
    test_frames=((350, 470), (650, 750)),
)


def read_benchmark(
    rig: CameraRig,
    layout: ActorsLayout,
    data_root: str,
    keypoint_file: Path,
    truth_file: Path,
    frames: Sequence[tuple[int, int]],
    warn: Callable[[str], None],
) -> list[dict]:
    """Read detections and annotated people.

    Args:
        rig: The cameras.
        layout: Whose.
        data_root: Where the images lie.
        keypoint_file: 2D keypoints.
        truth_file: ``actorsGT.mat``.
        frames: Ranges ``(first, last)``, inclusive. A frame without an entry in the detection
            file is a frame with nobody seen.
        warn: Called with a sentence on what is left out.

    Returns:
        One item per frame that has truth: ``recording``, ``frame_id``, ``keypoints_2d``
        (V, P, J, 3), ``actors`` (A, 14, 3) mm, ``img_paths`` (V,).

    Raises:
        InputError: A file is unfit, or the two share none of the frames.
    """
    detections = read_detections(keypoint_file, rig.names)
    check_pixels(detections, rig, keypoint_file)
    actors = read_actors(truth_file)
    wanted = [f for first, last in frames for f in range(first, last + 1)]
    covered = [frame for frame in wanted if frame < len(actors)]
    detected = [frame for frame in covered if str(frame) in detections]
    if not detected:
        ranges = ', '.join(f'{first}-{last}' for first, last in frames)
        raise InputError(
            f'{keypoint_file} and {truth_file} share none of the frames {ranges}',
            code='no-match',
            file=keypoint_file,
            found=[str(keypoint_file), str(truth_file)],
            expected=[tuple(span) for span in frames],
        )
    for left_out, what in (
        (set(wanted) - set(covered), f'are beyond {truth_file} and left out'),
        (set(covered) - set(detected), f'have no entry in {keypoint_file}: nobody seen'),
    ):
        if left_out:
            warn(f'{len(left_out)} of {len(wanted)} test frames {what}')

    def item(frame: int, views: dict, truth: np.ndarray) -> dict:
        paths = [
            Path(data_root) / layout.image_pattern.format(camera=camera, frame=frame)
            for camera in rig.names
        ]
        return dict(
            recording=str(data_root),
            frame_id=frame,
            keypoints_2d=stack_views(views, rig.names),
            actors=truth,
            img_paths=[str(path) if path.is_file() else None for path in paths],
        )

    return [item(f, detections.get(str(f), {}), actors[f]) for f in covered]
