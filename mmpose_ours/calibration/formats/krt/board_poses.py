"""What ``cv2.calibrateCamera`` gives is not a rig: one K, and a pose of the board per image."""

from __future__ import annotations

from typing import Iterable

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats.krt.spellings import meaning_of, plain

# The code of the error, by which a file of this kind is known.
BOARD_POSES = 'missing-value'


def refuse_board_poses(keys: Iterable, shared: Iterable, count: int) -> None:
    """Refuse ``rvecs`` and ``tvecs`` beside a single K.

    Args:
        keys: Those of the arrays.
        shared: Those that have no row for each pose.
        count: How many poses there are.

    Raises:
        CalibrationError: So it is.
    """
    boards = [str(key) for key in keys if plain(key) in ('rvecs', 'tvecs')]
    if len(boards) == 2 and any(meaning_of((key,)).role == 'K' for key in shared):
        raise CalibrationError(
            f'{" and ".join(boards)} beside one camera matrix are the poses of a calibration board '
            f'in {count} images, not those of cameras; give R and T of each camera in the world, '
            'or a camera matrix for each where they are those of cameras',
            code=BOARD_POSES,
            found=boards,
            expected=['R', 'T'],
        )
