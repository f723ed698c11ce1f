"""2D keypoints by the frames of a reference camera: 2D tracks interpolated at its moments."""

from __future__ import annotations

import math

import numpy as np

from mmpose_ours.detections.arrays import Detections, KeypointFrames
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.self_calibration.moving_views import MovingView
from mmpose_ours.self_calibration.synchronization import Synchronization, keypoints_of_views
from mmpose_ours.structures.keypoints import Keypoints2D

# Moments this near to a frame, in frames, take its keypoints as they are.
ON_FRAME = 0.02


def retime(
    rig: CameraRig, keypoints: KeypointFrames, detections: Detections, found: Synchronization
) -> dict[str, dict[str, Keypoints2D]]:
    """Keypoints of the common frames, all cameras at the moments of the reference camera.

    Between two frames the joints of a person who is tracked from one to the other are interpolated,
    with the lower of both scores. A person who is in one of both frames alone is taken from the
    nearer frame.

    Args:
        rig: The cameras.
        keypoints: Frame -> camera -> people, of any joints.
        detections: The same people in the same order, COCO-17, as for
            :func:`~mmpose_ours.self_calibration.synchronize`.
        found: The clocks of the cameras.

    Returns:
        Frame, from 0, -> camera -> people.
    """
    by_number = {int(frame) - found.first: views for frame, views in keypoints.items()}
    frames: dict[str, dict[str, Keypoints2D]] = {str(time): {} for time in range(found.frames)}
    _, arrays = keypoints_of_views(detections, rig.names)
    for camera, own, array in zip(rig, found.cameras, arrays):
        view = MovingView(camera, array)
        for time, moment in enumerate(own.clock.at(np.arange(found.frames))):
            moment = round(moment) if abs(moment - round(moment)) <= ON_FRAME else moment
            frame = math.floor(moment)
            here, after = (by_number.get(n, {}).get(camera.name) for n in (frame, frame + 1))
            people = _between(here, after, moment - frame, view, frame)
            if people is not None:
                frames[str(time)][camera.name] = people
    return frames


def _between(
    here: Keypoints2D | None,
    after: Keypoints2D | None,
    share: float,
    view: MovingView,
    frame: int,
) -> Keypoints2D | None:
    """The people between two frames."""
    if share == 0 or here is None or after is None:
        return here if share <= 0.5 else after
    links = np.full(len(here), -1)
    if 0 <= frame < len(view) - 1:
        links = view.following(frame)[: len(here)]
    linked = np.flatnonzero(links >= 0)
    first, second = here.array[linked], after.array[links[linked]]
    both = np.minimum(first[..., 2], second[..., 2])[..., None]
    between = np.concatenate(
        [(1 - share) * first[..., :2] + share * second[..., :2], both], axis=-1
    )
    mixed = np.where(both > 0, between, first if share <= 0.5 else second)
    if share <= 0.5:
        alone = here.array[links < 0]
    else:
        alone = after.array[~np.isin(np.arange(len(after)), links)]
    return Keypoints2D(here.skeleton, np.concatenate([mixed, alone]))
