"""Checks of frame offsets: how many images of a camera come before the first frame."""

from __future__ import annotations

from typing import Collection, Mapping

from mmpose_ours.errors import InputError


def check_offsets(offsets: Mapping[str, int], cameras: Collection[str], things: str) -> None:
    """Refuse frame offsets that are negative, or of other cameras.

    Args:
        offsets: Camera name to its frame offset.
        cameras: Names of the cameras that have images or keypoints.
        things: ``'images'`` or ``'keypoints'``, for messages.

    Raises:
        InputError: An offset is.
    """
    for name, offset in offsets.items():
        if name not in cameras:
            raise InputError(
                f'a frame offset is given for {name!r}, which has no {things}; cameras with '
                f'{things}: {", ".join(cameras)}',
                code='unknown-camera',
                camera=name,
                found=name,
                expected=list(cameras),
            )
        check_not_negative(name, offset)


def check_not_negative(name: str, offset: int) -> None:
    """Refuse an offset that would not leave out what comes before the first frame.

    Raises:
        InputError: It is negative.
    """
    if offset < 0:
        raise InputError(
            f'the frame offset of {name!r} is {offset}; offsets count what comes before the '
            'first frame, so add the same number to all cameras until none is negative',
            code='out-of-range',
            camera=name,
            found=offset,
            expected=0,
        )


def all_skipped(name: str, offset: int, count: int, things: str) -> InputError:
    """The error that nothing of a camera is left behind its offset.

    Args:
        name: The camera.
        offset: Its offset.
        count: How many frames it has.
        things: ``'images'`` or ``'keypoints'``, for the message.
    """
    return InputError(
        f'the frame offset of {name!r} is {offset}, which leaves none of its {count} frames of '
        f'{things}; give how many of them come before the first frame, or leave the camera out',
        code='out-of-range',
        camera=name,
        found=offset,
        expected=count,
    )
