"""Which images of several cameras show the same moment, by the names of their frames.

Used for images and for 2D keypoints alike. Tried in this order:

1. by name, where the names (or numbers) connect all cameras;
2. by time, where the numbers are each camera's own time stamps (ms, us or ns; RealSense, Kinect,
   ROS): they advance in regular steps of more than a few units, and hardly any occurs for two
   cameras. Nearest stamps belong together, after each camera's constant delay has been taken out;
3. by order, where the cameras have equally many images: clips that were cut from longer recordings
   and are numbered from different first frames.

Anything else is an error, since nothing says which images belong together.
"""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.numbers import whole_number
from mmpose_ours.recordings.first_numbers import Span, note_on_first_numbers
from mmpose_ours.recordings.frame_offsets import all_skipped, check_not_negative
from mmpose_ours.text import argument, printable

# A camera's consecutive numbers differ by at least this if they are time stamps: 4 ms at 250 Hz.
MIN_STEP = 4
# Share of a camera's steps that are near the median one if they are time stamps. Of frame numbers
# with gaps, as where only images with people are kept, about a third are.
MIN_REGULAR = 0.6
# Matching by time must bring together this share of the images, and more than matching by name, by
# this factor.
MIN_PAIRED = 0.1
MIN_GAIN = 1.02
# A constant delay is taken out if the stamps of a camera lie this consistently (0 to 1) between
# those of the first one.
MIN_CONSISTENCY = 0.3
# So many images of cameras that share no name do not do so by chance.
MIN_IMAGES = 20
# Longest name that can be a time stamp: a number of 64 bits and six decimals.
_LONGEST_STAMP = 26
_DECIMALS = 6
_STAMP = re.compile(r'(\d+)(?:\.(\d+))?')
_MOST_LISTED = 20

# frame -> camera -> the camera's own name of it
Frames = Mapping[str, Mapping[str, str]]


class Matching(NamedTuple):
    """The frames of a recording.

    Args:
        frames: Frame name -> camera -> the name that the camera has for it, in order of time.
        notes: Sentences on how frames were matched, and on what had no partner; none where the
            names say it.
    """

    frames: Frames
    notes: tuple[str, ...]


def match_frames(
    names: Mapping[str, Sequence[str]],
    where: PathLike,
    things: str = 'images',
    is_complete: bool = True,
) -> Matching:
    """Match the frames of several cameras.

    Args:
        names: Camera -> names of its frames without leading zeros, each once, in order of time.
        where: The recording, for messages.
        things: What is matched, for messages.
        is_complete: Whether there is a name for every image. Where images of nobody have none,
            order says nothing, and cameras may share no name by chance.

    Raises:
        FileFormatError: Some cameras share no name, their names are no time stamps that fit
            together, and they have different numbers of images, or no name is of two cameras
            (``no-match``).
    """
    by_name: dict[str, dict[str, str]] = {}
    for camera, frames in names.items():
        for frame in frames:
            by_name.setdefault(frame, {})[camera] = frame
    by_name = {frame: by_name[frame] for frame in sorted(by_name, key=frame_order)}
    total, paired = sum(map(len, names.values())), _with_partner(by_name)
    if paired == total or sum(map(bool, names.values())) < 2:
        return Matching(by_name, ())
    stamps = {camera: _stamps(frames) for camera, frames in names.items() if frames}
    if all(_are_regular(times) for times in stamps.values()):
        by_time = _by_time(names, stamps)
        if _with_partner(by_time) > max(MIN_GAIN * paired, MIN_PAIRED * total):
            return Matching(by_time, (_time_note(by_time, len(stamps), where, things),))
    groups = _connected(by_name, names)
    if len(groups) > 1 and is_complete:
        return _by_order(groups, by_name, names, where, things)
    if not paired and not is_complete and total >= MIN_IMAGES:
        raise _nothing_shared(names, where, things)
    notes = []
    if len(groups) > 1 or (is_complete and 2 * paired < total):
        alone = sum(len(views) == 1 for views in by_name.values())
        notes.append(
            f'{where}: {alone} of {len(by_name)} frames have {things} of one camera only; frames '
            f'are matched by their numbers ({_listed(names)})'
        )
    elif is_complete:
        spans = {camera: Span.of(own) for camera, own in names.items() if own}
        notes += note_on_first_numbers(spans, where, things)
    return Matching(by_name, tuple(notes))


def match_by_order(
    names: Mapping[str, Sequence[str]], skip: Mapping[str, int], where: PathLike, things: str
) -> Matching:
    """Match the n-th images of all cameras, after those that come before the first frame.

    Args:
        names: See :func:`match_frames`.
        skip: Camera -> how many of its images come before the first frame.
        where: Likewise.
        things: Likewise.

    Raises:
        InputError: An offset is negative, or leaves out all frames of a camera.
    """
    left = {}
    for camera, own in names.items():
        offset = skip.get(camera, 0)
        check_not_negative(camera, offset)
        if own and offset >= len(own):
            raise all_skipped(camera, offset, len(own), things)
        left[camera] = list(own)[offset:]
    # The first camera by name that needs no shift lends its names.
    lender = next((camera for camera in sorted(names) if not skip.get(camera)), None)
    most = max(map(len, left.values()), default=0)
    lent = left[lender] if lender is not None else []
    more = range(len(lent), most)
    titles = [*lent, *((f'after_{i}' for i in more) if lent else map(str, more))]
    frames = {
        title: {camera: own[i] for camera, own in left.items() if i < len(own)}
        for i, title in enumerate(titles)
    }
    note = (
        f'{where}: frame offsets are given, so {things} belong together by their order '
        f'({_counts(left)})'
    )
    return Matching(frames, (note,))


def are_connected(names: Mapping[str, Sequence[str]]) -> bool:
    """Whether shared names connect all cameras that have any."""
    by_name: dict[str, dict[str, str]] = {}
    for camera, frames in names.items():
        for frame in frames:
            by_name.setdefault(frame, {})[camera] = frame
    return len(_connected(by_name, names)) < 2


def frame_order(frame: object) -> tuple:
    """Sorts frames' names: numbers first, by size."""
    number = whole_number(str(frame))
    return (1, 0, str(frame)) if number is None else (0, number, '')


def _with_partner(frames: Frames) -> int:
    """How many images belong to a frame of two cameras or more."""
    return sum(len(views) for views in frames.values() if len(views) > 1)


def _connected(by_name: Frames, names: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Groups of cameras that shared names connect, sorted by name."""
    head = {camera: camera for camera, frames in names.items() if frames}

    def first(camera: str) -> str:
        while head[camera] != camera:
            head[camera] = head[head[camera]]
            camera = head[camera]
        return camera

    for views in by_name.values():
        one, *others = views
        for other in others:
            head[first(other)] = first(one)
    groups: dict[str, list[str]] = {}
    for camera in sorted(head):
        groups.setdefault(first(camera), []).append(camera)
    return list(groups.values())


def _by_order(
    groups: Sequence[Sequence[str]],
    by_name: Frames,
    names: Mapping[str, Sequence[str]],
    where: PathLike,
    things: str,
) -> Matching:
    """Match groups of cameras, within which the names say it, by order.

    Raises:
        FileFormatError: They have different numbers of frames.
    """
    members = [set(group) for group in groups]
    own = [[f for f, views in by_name.items() if not group.isdisjoint(views)] for group in members]
    if all(whole_number(frame) is None for frames in own for frame in frames):
        # Names that are no numbers keep the order in which the cameras have them.
        own = [
            list(dict.fromkeys(f for camera in group for f in names[camera])) for group in groups
        ]
    counts = {camera: len(frames) for camera, frames in names.items()}
    if len({len(frames) for frames in own}) > 1:
        raise FileFormatError(
            f'{where}: no frame number or name connects {" and ".join(map(_cameras, groups))} '
            f'({_listed(names)}), they are no time stamps of one clock, and the cameras have '
            f'different numbers of {things}, so nothing says which belong together; give the '
            f'{things} of one frame the same number, say by {argument("frame_offsets")} how many '
            'of a camera come before the first frame, or leave that camera out',
            code='no-match',
            file=where,
            found=counts,
        )
    frames: dict[str, dict[str, str]] = {}
    for row in zip(*own):
        frames[row[0]] = {
            camera: frame
            for group, frame in zip(members, row)
            for camera in by_name[frame]
            if camera in group
        }
    note = (
        f'{where}: no frame number or name connects {" and ".join(map(_cameras, groups))}, so '
        f'{things} belong together by their order ({_listed(names)})'
    )
    return Matching(frames, (note,))


def _nothing_shared(
    names: Mapping[str, Sequence[str]], where: PathLike, things: str
) -> FileFormatError:
    numbers = {camera: whole_number(own[0]) for camera, own in names.items() if own}
    firsts = {camera: number for camera, number in numbers.items() if number is not None}
    begin = min(firsts.values(), default=0)
    late = {camera: number - begin for camera, number in firsts.items() if number > begin}
    return FileFormatError(
        f'{where}: no two cameras have {things} of the same frame number ({_listed(names)}), and '
        f'images without people are not listed, so order does not tell which belong together; '
        f'give the {things} of one frame the same number, or say with '
        f'{argument("frame_offsets", late)} by how much the numbers of cameras differ',
        code='no-match',
        file=where,
        found={camera: len(own) for camera, own in names.items()},
    )


def _stamps(frames: Sequence[str]) -> np.ndarray:
    """The numbers that names are, (N,) float64 above the least one; empty where one is a name.

    Differences of numbers that float64 cannot hold are exact to well below a step.
    """
    ticks = []
    for frame in frames:
        found = _STAMP.fullmatch(frame) if len(frame) <= _LONGEST_STAMP else None
        if found is None or not frame.isascii():
            return np.zeros(0)
        ticks.append(int(found[1] + (found[2] or '').ljust(_DECIMALS, '0')[:_DECIMALS]))
    # Names of a kind have a point all or none.
    unit = 1 if '.' in frames[0] else 10**_DECIMALS
    return np.array([tick // unit for tick in ticks], dtype=object)


def _are_regular(times: np.ndarray) -> bool:
    """Whether a camera's numbers advance as time stamps do."""
    if len(times) < 2:
        return False
    steps = np.diff(np.sort(times)).astype(np.float64)
    step = float(np.median(steps))
    near = np.abs(steps - step) <= step / 2
    return step >= MIN_STEP and bool(near.mean() >= MIN_REGULAR)


def _by_time(
    names: Mapping[str, Sequence[str]], stamps: Mapping[str, np.ndarray]
) -> dict[str, dict[str, str]]:
    """Match the nearest time stamps; each camera's constant delay is taken out before."""
    start = min(min(times) for times in stamps.values())
    times = {camera: (own - start).astype(np.float64) for camera, own in stamps.items()}
    step = {camera: float(np.median(np.diff(np.sort(own)))) for camera, own in times.items()}
    clock = max(sorted(times), key=lambda camera: len(times[camera]))
    for camera, own in times.items():
        if camera != clock:
            times[camera] = own - _delay(own, np.sort(times[clock]), step[clock])
    left = {camera: np.argsort(own, kind='stable') for camera, own in times.items()}
    moments: list[tuple[float, dict[str, int]]] = []
    while left:
        # What the camera with the most images lacks is matched among the others.
        clock = max(sorted(left), key=lambda camera: len(left[camera]))
        reference = times[clock][left[clock]]
        members: list[dict[str, int]] = [{} for _ in reference]
        for camera in list(left):
            own = times[camera][left[camera]]
            rows, marks = _nearest(own, reference, max(step[camera], step[clock]) / 2)
            for index, mark in zip(left[camera][rows], marks):
                members[mark][camera] = int(index)
            left[camera] = np.delete(left[camera], rows)
            if not len(left[camera]):
                del left[camera]
        moments += zip(reference.tolist(), members)
    moments.sort(key=lambda moment: moment[0])
    frames: dict[str, dict[str, str]] = {}
    for _, found in moments:
        # The first camera by name lends its own, so that the order of cameras does not matter.
        views = {camera: names[camera][found[camera]] for camera in sorted(found)}
        title = next((name for name in views.values() if name not in frames), '')
        frames[title or '_'.join([*views, *views.values()])] = views
    return frames


def _delay(times: np.ndarray, clock: np.ndarray, step: float) -> float:
    """How much later a camera's stamps are than the nearest ones of the clock; 0 where it varies.

    The circular mean of the differences, of which a step more or less is the same.
    """
    after = np.searchsorted(clock, times).clip(1, len(clock) - 1)
    before = clock[after - 1]
    nearest = np.where(times - before <= clock[after] - times, before, clock[after])
    late = times - nearest
    turns = np.exp(2j * np.pi * late[np.abs(late) <= step / 2] / step)
    mean = turns.mean() if len(turns) else 0.0
    return float(np.angle(mean) * step / (2 * np.pi)) if abs(mean) >= MIN_CONSISTENCY else 0.0


def _nearest(
    times: np.ndarray, reference: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of nearest times, each at most once.

    Args:
        times: (N,) in ascending order.
        reference: (M,) likewise.
        tolerance: Largest difference.

    Returns:
        (K,) indices of times and (K,) of the reference.
    """
    after = np.searchsorted(reference, times).clip(0, len(reference) - 1)
    before = (after - 1).clip(0)
    closer = np.abs(times - reference[before]) < np.abs(times - reference[after])
    mark = np.where(closer, before, after)
    off = np.abs(times - reference[mark])
    rows = np.argsort(off, kind='stable')
    rows = rows[off[rows] <= tolerance]
    _, first = np.unique(mark[rows], return_index=True)
    rows = rows[first]
    return rows, mark[rows]


def _time_note(frames: Frames, cameras: int, where: PathLike, things: str) -> str:
    whole = sum(len(views) == cameras for views in frames.values())
    alone = sum(len(views) == 1 for views in frames.values())
    return (
        f'{where}: the cameras number their {things} by time stamps of their own, so {things} '
        f'belong together by the nearest stamps: {whole} of {len(frames)} frames have all '
        f'{cameras} cameras, {alone} have one only'
    )


def _cameras(group: Sequence[str]) -> str:
    shown = ', '.join(repr(printable(camera)[:60]) for camera in group[:_MOST_LISTED])
    more = f' and {len(group) - _MOST_LISTED} more' if len(group) > _MOST_LISTED else ''
    return f'{"cameras" if len(group) > 1 else "camera"} {shown}{more}'


def _counts(names: Mapping[str, Sequence[str]]) -> str:
    return ', '.join(f'{camera}: {len(frames)}' for camera, frames in names.items())


def _listed(names: Mapping[str, Sequence[str]]) -> str:
    """How many frames each camera has, and the first and last of them."""
    shown = [
        f'{printable(camera)[:60]}: {len(frames)}'
        + (f' from {printable(frames[0])[:60]} to {printable(frames[-1])[:60]}' if frames else '')
        for camera, frames in list(names.items())[:_MOST_LISTED]
    ]
    more = len(names) - len(shown)
    # No semicolons, behind which the advice of a sentence stands.
    return ', '.join(shown) + (f' and {more} more cameras' if more else '')
