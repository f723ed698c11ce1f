"""2D keypoints of a file by the frames of the images or videos that they are of."""

from __future__ import annotations

from typing import Sequence

from mmpose_ours.detections.arrays import KeypointFrames
from mmpose_ours.detections.cache import detected_here
from mmpose_ours.detections.reading import KeypointOptions, open_keypoints
from mmpose_ours.errors import PathLike
from mmpose_ours.recordings.footage import Footage
from mmpose_ours.recordings.keypoint_frames import check_shared_frames, fit_keypoints


def open_for_footage(
    path: PathLike,
    cameras: Sequence[str],
    options: KeypointOptions,
    footage: Footage | None,
    every: bool = True,
) -> KeypointFrames:
    """Read keypoints by the frames and the cameras of a recording.

    Args:
        path: See :func:`~mmpose_ours.detections.open_keypoints`.
        cameras: Names of the rig's cameras.
        options: How the file is to be read. Frame offsets are those of the footage, too; keypoints
            that were detected in the footage frame by frame are not shifted.
        footage: The images or videos that the keypoints are of; None where there are none.
        every: Whether each of the cameras must occur there.

    Raises:
        FileFormatError, FileNotFoundError: As there; or keypoints and footage have no frame in
            common.
    """
    by_frame = detected_here(path)
    offsets = {} if by_frame else options.get('frame_offsets') or {}
    # Those of videos that are matched by time stamps are taken off with the time.
    late = footage is not None and footage.rows is not None
    reading = KeypointOptions(**{**options, 'frame_offsets': {} if late else offsets})
    frames = open_keypoints(path, cameras, **reading, every=every)
    fitted, notes = fit_keypoints(frames, footage, offsets if late else {}, by_frame)
    if not by_frame:
        check_shared_frames(fitted, footage, path)
    for note in notes:
        options.get('say', lambda note: None)(note)
    return fitted
