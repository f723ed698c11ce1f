"""The arrays of a NumPy file that a calibration may hold: small ones, by name."""

from __future__ import annotations

from typing import Any

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.arrays import open_arrays

STARTS = (b'\x93NUMPY', b'PK\x03\x04')
# Of one array: the matrices of 4,000 cameras are 300 kB. Others are images or keypoints.
_LARGEST = 1 << 20


def read_small_arrays(path: PathLike) -> dict[str, Any]:
    """Read the small arrays of an ``.npz`` or ``.npy`` file.

    Args:
        path: The file.

    Returns:
        By name: an array of numbers, texts in lists, or a single value. An array that is large or
        holds Python objects is None.

    Raises:
        CalibrationError: It is no such file, is damaged, or holds nothing but Python objects.
    """
    found: dict[str, Any] = {}
    try:
        with open_arrays(path) as file:
            limits().check('cameras', len(file.headers) // 100, 'hundreds of arrays', path)
            for name, header in file.headers.items():
                found[name] = None
                if header is not None and header.bytes <= _LARGEST:
                    array = file.read(name)
                    is_plain = array.ndim > 0 and array.dtype.kind != 'U'
                    found[name] = array if is_plain else array.tolist()
            only_objects = bool(found) and not any(file.headers.values())
    except FileFormatError as error:
        raise error.reworded(CalibrationError, str(error), file=path) from error
    except OSError as error:
        raise CalibrationError(
            f'{path}: cannot be read ({error.strerror}); check its permissions',
            code='no-data',
            file=path,
        ) from error
    if only_objects:
        raise CalibrationError(
            f'{path}: holds Python objects (a dictionary saved with numpy.save, say), which are '
            'not read since that could run code; save the arrays themselves where they are made, '
            'with numpy.savez(file, K=..., R=..., T=...), or as JSON',
            code='file-format',
            file=path,
            found='objects',
            expected='arrays of numbers',
        )
    return found
