"""Frames of 2D keypoints: which people of several cameras belong to the same moment."""

from __future__ import annotations

from typing import Callable, Iterable, Mapping, Sequence

from mmpose_ours.errors import PathLike
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.recordings.first_numbers import Span, note_on_first_numbers
from mmpose_ours.recordings.footage import frame_key
from mmpose_ours.recordings.frame_matching import (
    Matching,
    are_connected,
    frame_order,
    match_by_order,
    match_frames,
)
from mmpose_ours.recordings.keypoint_frames import apply_frame_offsets
from mmpose_ours.structures.keypoints import Keypoints2D

_Frames = Mapping[str, Mapping[str, Keypoints2D]]
THINGS = 'keypoints'
# Where this share of the frames has all cameras, their numbers are those of one clock.
MOSTLY = 0.9


def match_keypoints(
    detections: dict[str, dict[str, Keypoints2D]],
    where: PathLike,
    cameras: Sequence[str],
    offsets: Mapping[str, int] | None = None,
    say: Callable[[str], None] = lambda note: None,
    is_complete: bool = True,
) -> dict[str, dict[str, Keypoints2D]]:
    """Match frames by their numbers, by time stamps or by order, as images are.

    Args:
        detections: frame -> camera -> people, frames as each camera numbers them.
        where: Where they come from, for messages.
        cameras: Those that are wanted. Others keep their numbers.
        offsets: Camera -> how many of its images come before the first frame. They shift its
            numbers, or where the cameras have no numbers in common, are left out.
        say: Takes a sentence where frames were not matched by their numbers.
        is_complete: Whether images without people are there too.

    Returns:
        frame -> camera -> people, the same where the numbers match.

    Raises:
        FileFormatError: Nothing says which frames belong together.
    """
    offsets = {camera: offset for camera, offset in (offsets or {}).items() if offset}
    if offsets:
        shifted = _shifted(detections, offsets)
        names = _names(_cameras_by_frame(shifted), cameras)
        if not are_connected(names):
            names = _names(_cameras_by_frame(detections), cameras)
            by_order = match_by_order(names, offsets, where, THINGS)
            return _rearranged(detections, by_order, cameras, say)
        detections = shifted
    matching = matching_of(lambda: _cameras_by_frame(detections), where, cameras, say, is_complete)
    return detections if matching is None else _rearranged(detections, matching, cameras, say)


def matching_of(
    frames: Callable[[], Iterable[tuple[str, Sequence[str]]]],
    where: PathLike,
    cameras: Sequence[str],
    say: Callable[[str], None] = lambda note: None,
    is_complete: bool = True,
) -> Matching | None:
    """How frames must be rearranged; None where those of one number belong together.

    Args:
        frames: Gives each frame and its cameras, as often as it is called.
        where: See :func:`match_keypoints`.
        cameras: Likewise.
        say: Takes notes where nothing is rearranged.
        is_complete: Likewise.

    Raises:
        FileFormatError: As there.
    """
    wanted, count, whole = set(cameras), 0, 0
    spans = {camera: Span() for camera in cameras}
    for frame, views in frames():
        count += 1
        whole += wanted.issubset(views)
        for camera in wanted.intersection(views):
            spans[camera].add(frame_key(frame))
    if whole >= MOSTLY * count:  # long recordings need no memory for names
        for note in note_on_first_numbers(spans, where, THINGS) if is_complete else ():
            say(note)
        return None
    matching = match_frames(_names(frames(), cameras), where, THINGS, is_complete)
    if any(frame != own for frame, views in matching.frames.items() for own in views.values()):
        return matching
    for note in matching.notes:
        say(note)
    return None


def _cameras_by_frame(detections: _Frames) -> Iterable[tuple[str, Sequence[str]]]:
    return ((frame, list(views)) for frame, views in detections.items())


def _names(
    frames: Iterable[tuple[str, Sequence[str]]], cameras: Sequence[str]
) -> dict[str, list[str]]:
    """Camera -> names of its frames in order of time."""
    names: dict[str, list[str]] = {camera: [] for camera in cameras}
    for frame, views in frames:
        for camera in views:
            if camera in names:
                names[camera].append(frame)
    return {camera: sorted(own, key=frame_order) for camera, own in names.items()}


def _shifted(
    detections: dict[str, dict[str, Keypoints2D]], offsets: Mapping[str, int]
) -> dict[str, dict[str, Keypoints2D]]:
    """With offsets taken off the numbers of frames; nothing where they have names."""
    if any(whole_number(frame_key(frame)) is None for frame in detections):
        return {frame: {} for frame in detections}
    moved = apply_frame_offsets(detections, offsets)
    return {frame: dict(moved[frame]) for frame in sorted(moved, key=frame_order)}


def _rearranged(
    detections: dict[str, dict[str, Keypoints2D]],
    matching: Matching,
    cameras: Sequence[str],
    say: Callable[[str], None],
) -> dict[str, dict[str, Keypoints2D]]:
    """The people in the frames that were matched; other cameras keep theirs."""
    for note in matching.notes:
        say(note)
    wanted = set(cameras)
    frames: dict[str, dict[str, Keypoints2D]] = {
        frame: {camera: detections[own][camera] for camera, own in views.items()}
        for frame, views in matching.frames.items()
    }
    for frame, views in detections.items():
        others = {camera: people for camera, people in views.items() if camera not in wanted}
        if others:
            frames.setdefault(frame, {}).update(others)
    return frames
