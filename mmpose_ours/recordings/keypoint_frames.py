"""The frames of 2D keypoints by the frames of a recording: offsets, and other frame rates.

Tools number the keypoints of each video by the video's own frames. Where videos of several frame
rates are matched by time stamps, so are their keypoints. Where keypoints are as many as a recording
of another frame rate has, that is said: frame n of such keypoints is not frame n of the video.
"""

from __future__ import annotations

import collections
from fractions import Fraction
from typing import Any, Mapping, Sequence

from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.recordings.footage import Footage, frame_key, frames_by_key
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.recordings.frame_offsets import all_skipped, check_not_negative
from mmpose_ours.text import argument

Keypoints = Mapping[str, Mapping[str, Any]]
# Ratios of frame rates that occur: 24, 25, 30, 50, 60, 100, 120 per second, and every n-th frame.
_BELOW = [Fraction(r) for r in '1/10 1/5 1/4 1/3 2/5 5/12 1/2 3/5 2/3 4/5 5/6'.split()]
RATIOS = [*_BELOW, Fraction(1), *(1 / ratio for ratio in _BELOW)]
# Videos of fewer frames tell no rate.
MIN_FRAMES = 20
# Share of a video's frames by which tools miscount it.
MISCOUNT = 0.004


def fit_keypoints(
    keypoints: Keypoints, footage: Footage | None, offsets: Mapping[str, int], by_frame: bool
) -> tuple[Keypoints, list[str]]:
    """Keypoints by the frames of a recording.

    Args:
        keypoints: Frame to camera name to its 2D keypoints.
        footage: The images or videos that they are of; None where there are none.
        offsets: Camera name to the number of its frames before the first frame of the recording.
        by_frame: Whether they are known to have the recording's frames, since they were detected
            in it.

    Returns:
        The keypoints, and sentences on frame rates that differ.

    Raises:
        FileFormatError: Two frames have the same number.
        InputError: A frame that should be shifted has a name and no number.
    """
    if footage is None or footage.frames is not None or by_frame:
        return apply_frame_offsets(keypoints, {} if by_frame else offsets), []
    last = _last_frames(keypoints)
    if footage.rows is not None and _count_video_frames(last, footage):
        note = (
            'the keypoints number the frames of each video by itself, so they are matched by the '
            "time stamps of the videos' frames"
        )
        return _by_time(keypoints, footage), [note]
    return apply_frame_offsets(keypoints, offsets), _rate_notes(last, footage)


def check_shared_frames(keypoints: Keypoints, footage: Footage | None, where: PathLike) -> None:
    """Refuse keypoints and images that have no frame in common.

    Args:
        keypoints: As :func:`fit_keypoints` returns them.
        footage: The images or videos; None where there are none.
        where: Origin of the keypoints, for messages.

    Raises:
        FileFormatError: They have none.
    """
    if footage is None:
        return
    theirs = range(footage.total) if footage.frames is None else footage.frames
    own = {frame_key(frame): frame for frame in keypoints}
    if not own or not len(theirs) or any(frame_key(frame) in own for frame in theirs):
        return
    named, shown = (sorted(map(str, frames), key=frame_order) for frames in (own, theirs))
    raise FileFormatError(
        f'{where}: its frames are {_from_to(named)} and those of the images {_from_to(shown)}: '
        'they have none in common; give keypoints and images the same frame numbers, or only one '
        'of both',
        code='no-match',
        file=where,
        found=named[0],
        expected=shown[0],
    )


def _from_to(frames: Sequence[str]) -> str:
    return frames[0] if len(frames) == 1 else f'{frames[0]} to {frames[-1]}'


def _last_frames(keypoints: Keypoints) -> dict[str, int]:
    """Camera name to how many frames there are up to its last keypoints; {} without numbers."""
    last: dict[str, int] = {}
    for frame, views in keypoints.items():
        number = whole_number(frame_key(frame))
        if number is None:
            return {}
        for camera in views:
            last[camera] = max(last.get(camera, 0), number + 1)
    return last


def _count_video_frames(last: Mapping[str, int], footage: Footage) -> bool:
    """Whether the frames of keypoints are those of each video, and not those of the recording."""
    assert footage.rows is not None
    total = footage.rows.total
    counts = {name: footage.counts[name] for name in footage.cameras if name in last}
    apart = {name: count for name, count in counts.items() if abs(count - total) > 1}
    return any(abs(last[n] - count) < abs(last[n] - total) for n, count in apart.items())


def _by_time(keypoints: Keypoints, footage: Footage) -> Keypoints:
    """Frame of the recording to the keypoints of the frames that are shown then."""
    assert footage.rows is not None
    frames = frames_by_key(keypoints)
    fitted = {}
    for moment in range(footage.rows.total):
        views = {}
        for camera in footage.cameras:
            frame = frames.get(str(footage.row_of(camera, moment)))
            if frame is not None and camera in keypoints[frame]:
                views[camera] = keypoints[frame][camera]
        if views:
            fitted[str(moment)] = views
    return fitted


def _rate_notes(last: Mapping[str, int], footage: Footage) -> list[str]:
    """Cameras whose keypoints are as many as another frame rate has, a sentence per ratio."""
    ratios: dict[Fraction, list[str]] = {}
    for camera in footage.cameras:
        # Frame offsets have been taken off the keypoints' numbers.
        count = footage.counts[camera] - footage.offsets.get(camera, 0)
        if camera not in last or count < MIN_FRAMES:
            continue
        off = max(1.0, MISCOUNT * count)
        ratio = min(RATIOS, key=lambda r: abs(last[camera] - float(r) * count))
        if ratio != 1 and abs(last[camera] - float(ratio) * count) <= off:
            ratios.setdefault(ratio, []).append(camera)
    fps = footage.fps
    notes = []
    for ratio, cameras in ratios.items():
        first, rate, give = cameras[0], '', ''
        if fps:
            theirs = fps * float(ratio)
            rate = f', {theirs:.4g} per second instead of {fps:.4g}'
            if len(cameras) == len(footage.cameras):
                give = f', or leave the videos out and give {argument("fps", theirs)}'
        notes.append(
            f'the keypoints of {", ".join(cameras)} have {last[first]} frames and the video '
            f'{footage.counts[first]}, as if they were {ratio} of its frames{rate}. Frame n of '
            'both is taken for the same moment, which is wrong then: number the frames of the '
            f'keypoints as those of the video{give}'
        )
    return notes


def apply_frame_offsets(keypoints: Keypoints, offsets: Mapping[str, int]) -> Keypoints:
    """Subtract each camera's offset from the frame numbers of its keypoints.

    What lies before the first frame is dropped.

    Args:
        keypoints: Frame to camera name to its 2D keypoints.
        offsets: Camera name to the number of frames to skip at its beginning.

    Raises:
        FileFormatError: Two frames have the same number.
        InputError: A frame that should be shifted has a name and no number; or an offset is
            negative, or leaves out all frames of a camera.
    """
    if not any(offsets.values()):
        return keypoints
    known = frames_by_key(keypoints)
    keys = {key: keypoints[frame] for key, frame in known.items()}
    named = [key for key in keys if frame_order(key)[0]]
    if named:
        raise InputError(
            f'frame offsets are given, but frame {named[0]!r} of the keypoints is not a number '
            'that could be shifted; number the frames',
            code='conflict',
            frame=named[0],
            found=named[0],
        )
    for camera, offset in offsets.items():
        check_not_negative(camera, offset)
    first = min(map(int, keys), default=0)
    shifted: dict[str, dict[str, Any]] = {}
    counts: collections.Counter[str] = collections.Counter()
    for key, views in keys.items():
        for camera, people in views.items():
            counts[camera] += 1
            frame = int(key) - offsets.get(camera, 0)
            if frame >= first:
                shifted.setdefault(str(frame), {})[camera] = people
    kept = {camera for views in shifted.values() for camera in views}
    for camera, count in counts.items():
        if camera not in kept:
            raise all_skipped(camera, offsets[camera], count, 'keypoints')
    return shifted
