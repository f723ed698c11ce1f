"""NumPy: all arrays of a recording in one ``.npz``, without pickles.

============== ============== ================================================================
``poses``      (T, N, J, 3)   float32 mm; NaN where a joint or person is missing
``ids``        (N,)           who the people are
``frames``     (T,)           frame numbers, or names as text
``time_s``     (T,)           seconds
``std_mm``     (T, N, J)      float32 standard deviation; NaN where missing or not known
``scores``     (T, N)         NaN where missing
``views``      (T, N)         how many cameras showed the person; -1 where not known
``fps``        ()             frames per second
``skeleton``   ()             name of the skeleton
``joints``     (J,)           names of the joints
``up``         ()             the axis that points up
============== ============== ================================================================
"""

from __future__ import annotations

import io
from typing import Any, Sequence

import numpy as np

from mmpose_ours.errors import PathLike
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.io.parsers.arrays import check_array_text
from mmpose_ours.tracking.trajectories import Timeline


def write_npz(timeline: Timeline, path: PathLike, up: str = 'z') -> None:
    """Write people over time as NumPy arrays, whole or not at all.

    Args:
        timeline: The people.
        path: File to write; ``numpy.load(path)`` reads it.
        up: ``'z'`` or ``'y'``.

    Raises:
        InputError: ``up`` is another axis, or the name of a frame, of a joint or of the skeleton
            ends with a null character.
        OSError: The file cannot be written.
    """
    for name in (timeline.joints.name, *timeline.joints.joints):
        check_array_text(name, path)
    numbered = all(isinstance(frame, int) for frame in timeline.frames)
    poses = timeline.turned(up)
    unknown = np.full(poses.shape[:3], np.nan)
    arrays: dict[str, Any] = {
        'poses': poses.astype(np.float32),
        'std_mm': (unknown if timeline.std_mm is None else timeline.std_mm).astype(np.float32),
        'ids': np.array(timeline.people, dtype=np.int64),
        'frames': (np.array(timeline.frames) if numbered else _texts(timeline.frames, path)),
        'time_s': timeline.seconds,
        'scores': timeline.scores.astype(np.float32),
        'views': timeline.views.astype(np.int32),
        'fps': np.array(timeline.rate_hz),
        'skeleton': np.array(timeline.joints.name),
        'joints': np.array(timeline.joints.joints),
        'up': np.array(up),
    }
    # NumPy's writer does not end well on a full disk.
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    with write_whole(path, 'wb') as file:
        file.write(packed.getbuffer())


def _texts(frames: Sequence[Any], path: PathLike) -> np.ndarray:
    for frame in frames:
        check_array_text(str(frame), path)
    return np.array([str(frame) for frame in frames])
