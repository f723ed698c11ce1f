"""Which way the extrinsics of a file go, where the file does not say it.

``extrinsics`` says what R means, ``translation`` what T means, apart from each other:

========================  ==================================================================
``world-to-camera``       ``R`` turns world points into the camera's axes
``camera-to-world``       ``R`` turns the camera's axes into the world (the transpose)
``vector``                ``T`` is t of ``x_cam = R_w2c x_world + t``
``center``                ``T`` is where the camera stands in the world
========================  ==================================================================

In a 3x4 or 4x4 matrix R and T belong together: its last column is t where it leads from world to
camera, and the camera's centre where it leads from camera to world.
"""

from __future__ import annotations

from typing import Any, Sequence

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.errors import PathLike
from mmpose_ours.text import argument

W2C, C2W = 'world-to-camera', 'camera-to-world'
VECTOR, CENTER = 'vector', 'center'
EXTRINSICS, TRANSLATIONS = (W2C, C2W), (VECTOR, CENTER)
CHOICES = {'extrinsics': EXTRINSICS, 'translation': TRANSLATIONS}
_MEANING = {
    W2C: 'world to camera',
    C2W: 'camera to world',
    VECTOR: 'the translation',
    CENTER: 'the camera centre',
}
# What R and T are by format, in those that have them as such; saying it all the same is no error.
FIXED = {
    'panoptic': (W2C, VECTOR), 'campus': (W2C, CENTER), 'opencv': (W2C, VECTOR),
    'easymocap': (W2C, VECTOR), 'anipose': (W2C, VECTOR), 'pose2sim': (W2C, VECTOR),
    'caliscope': (W2C, VECTOR), 'krtd': (W2C, VECTOR), 'mmpose': (C2W, CENTER),
    'thu': (W2C, VECTOR), 'aist': (W2C, VECTOR), 'bodypose3d': (W2C, VECTOR),
    'opencap': (W2C, VECTOR), 'calibio': (W2C, VECTOR), 'jarvis': (C2W, VECTOR),
}  # fmt: skip


class UnsaidDirectionError(CalibrationError):
    """Neither the file nor the caller says what R and T mean."""


def check_direction(extrinsics: str | None, translation: str | None) -> None:
    """Refuse words other than those of :data:`CHOICES`.

    Raises:
        CalibrationError: One is another word.
    """
    for name, value in (('extrinsics', extrinsics), ('translation', translation)):
        if value is not None and value not in CHOICES[name]:
            raise CalibrationError(
                f'{argument(name, str(value))}: expected {" or ".join(CHOICES[name])}',
                code='unknown-name',
                found=value,
                expected=list(CHOICES[name]),
            )


def meaning(word: str) -> str:
    """A word of :data:`CHOICES` as sentences say it."""
    return _MEANING[word]


def fixed_direction(
    path: PathLike, format: str, convention: str, said: dict[str, Any], generic: str
) -> CalibrationError:
    """The error for a direction given for files whose format fixes it.

    Args:
        path: The file.
        format: Its format.
        convention: What R and T mean in it.
        said: The arguments that were given.
        generic: The format whose files do not say it.
    """
    given = ' and '.join(argument(name, value) for name, value in said.items())
    return CalibrationError(
        f'{path}: {format} files fix what R and T mean ({convention}), but {given} was given; '
        f'leave that out, or add {argument("format", generic)} where the file only '
        f'looks like {format}',
        code='conflict',
        file=path,
        found=list(said.values()),
        expected=convention,
    )


def unsaid_direction(
    path: PathLike, asked: Sequence[str], keys: str, matrix: bool, hint: str
) -> UnsaidDirectionError:
    """The error that asks for the direction.

    Args:
        path: The file.
        asked: The arguments that are missing, of :data:`CHOICES`.
        keys: The keys of the file whose meaning is not known.
        matrix: Whether they are 3x4 or 4x4 matrices.
        hint: What the cameras tell; empty where they tell nothing.
    """
    choices = {
        'extrinsics': f'{argument("extrinsics", W2C)} or {C2W} (what R is)',
        'translation': f'{argument("translation", VECTOR)} (t of x_cam = R x_world + t) or '
        f'{CENTER} (the place of the camera)',
    }
    wanted = ', and '.join(choices[name] for name in asked)
    verb = 'mean' if ' and ' in keys else 'means'
    if matrix and 'translation' not in asked:
        wanted += (
            f'; the last column is then the translation or the centre, and '
            f'{argument("translation", CENTER)} says so where it is the centre beside a '
            f'{W2C} rotation'
        )
    return UnsaidDirectionError(
        f'{path}: the file does not say what {keys} {verb}; say {wanted}{hint}',
        code='missing-value',
        file=path,
        expected={name: list(CHOICES[name]) for name in asked},
    )
