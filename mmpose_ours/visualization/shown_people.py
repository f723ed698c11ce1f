"""What there is to look at: the people of each frame, who they are, and what cameras found."""

from __future__ import annotations

import dataclasses
from typing import Mapping, Protocol, Sequence

import numpy as np

from mmpose_ours.detections import KeypointFrames
from mmpose_ours.predictions.reading import FrameId, Predictions
from mmpose_ours.recordings.frames import frame_key, frame_order, frames_by_key
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.tracking.tracks import link_people, patience_at


class PeopleInFrame(Protocol):
    """Whatever has these can be drawn: :class:`ShownPeople`, or what an inferencer yields."""

    @property
    def frame(self) -> FrameId:
        """The frame's name, that of its images."""

    @property
    def poses_mm(self) -> np.ndarray:
        """(P, J, 3) millimetres, z up, NaN where a joint is missing."""

    @property
    def ids(self) -> np.ndarray:
        """(P,) track IDs, each at most once."""

    @property
    def scores(self) -> np.ndarray | None:
        """(P,) how sure it is that there is somebody; None is not known."""

    @property
    def views(self) -> np.ndarray | None:
        """(P,) how many cameras show them; None is not known."""

    @property
    def detections(self) -> Mapping[str, Keypoints2D]:
        """Camera to 2D keypoints in pixels of the calibrated image."""


@dataclasses.dataclass(frozen=True, eq=False)
class ShownPeople:
    """The people of one frame; the fields are those of :class:`PeopleInFrame`.

    Raises:
        ValueError: The numbers of people do not agree, or a track ID is there twice.
    """

    frame: FrameId
    poses_mm: np.ndarray
    ids: np.ndarray
    scores: np.ndarray | None = None
    views: np.ndarray | None = None
    detections: Mapping[str, Keypoints2D] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.poses_mm)
        for name in ('ids', 'scores', 'views'):
            values = getattr(self, name)
            if values is not None and np.shape(values) != (count,):
                raise ValueError(
                    f'frame {self.frame}: {name} of shape {np.shape(values)} for {count} people; '
                    'give one for each'
                )
        if len(set(np.asarray(self.ids).tolist())) < count:
            raise ValueError(
                f'frame {self.frame}: track IDs {np.asarray(self.ids).tolist()}, expected each '
                'at most once'
            )


def shown_people(
    predictions: Predictions,
    detections: KeypointFrames | None = None,
) -> list[ShownPeople]:
    """The frames of a file of people, in the order of time.

    Args:
        predictions: What the file holds. Where it has no track IDs, people are linked from
            frame to frame by :func:`~mmpose_ours.tracking.tracks.link_people`.
        detections: Frame to camera to 2D keypoints, as
            :func:`~mmpose_ours.detections.read_keypoints` gives them.

    Returns:
        One per frame of the predictions, frames that are numbers by number.

    Raises:
        FileFormatError: Two frames of the detections are the same.
    """
    frames = sorted(predictions.frames, key=frame_order)
    poses = [predictions.frames[frame] for frame in frames]
    ids = predictions.ids or dict(
        zip(frames, link_people(poses, patience=patience_at(predictions.fps)))
    )
    detections = detections or {}
    named = frames_by_key(detections, 'the keypoints')
    return [
        ShownPeople(
            frame,
            predictions.frames[frame],
            ids[frame],
            predictions.scores[frame],
            predictions.views.get(frame),
            detections.get(named.get(frame_key(frame), ''), {}),
        )
        for frame in frames
    ]


def detected_in(people: PeopleInFrame, camera: str) -> np.ndarray | None:
    """(D, J', 3) ``u, v, score`` of the people whom a camera detected, or None."""
    found = people.detections.get(camera)
    return None if found is None else found.array


def places_of(poses: np.ndarray, joints: str) -> np.ndarray:
    """Where people are: their roots, or the mean of the joints known where a root is missing.

    Args:
        poses: (P, J, 3), NaN where a joint is missing.
        joints: Name of the skeleton.

    Returns:
        (P, 3); NaN for a person without a joint.
    """
    roots = SKELETONS[joints].root_of(poses)
    known = np.isfinite(poses).all(-1, keepdims=True)
    mean = np.where(known, poses, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    mean = np.where(known.any(1), mean, np.nan)
    return np.where(np.isfinite(roots).all(-1, keepdims=True), roots, mean)


def check_joints(frames: Sequence[PeopleInFrame], joints: str) -> None:
    """Refuse people who are not of a skeleton.

    Raises:
        ValueError: Names the frame, what it has and what was expected.
    """
    expected = (len(SKELETONS[joints]), 3)
    for people in frames:
        if np.ndim(people.poses_mm) != 3 or np.shape(people.poses_mm)[1:] != expected:
            raise ValueError(
                f'frame {people.frame}: people of shape {np.shape(people.poses_mm)}, expected '
                f'(P, {expected[0]}, 3) for {joints}; say which skeleton they are of'
            )
