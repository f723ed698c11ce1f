"""Files of 2D people: this package's JSON, and VoxelPose's pickles.

Nothing here detects anyone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.cameras import CameraRig
from mmpose_ours.files import FileFormatError, PathLike, read_json, read_pickle, write_json
from mmpose_ours.json_schema import first_fault
from mmpose_ours.keypoints import JOINT_SETS, joint_map

# A little over 1 is rounding or an interpolated heatmap; 95 is per cent.
MAX_SCORE = 2.0
WRITE_AGAIN = 'correct it or write it again as docs/data.md shows'
SCHEMA_FILE = Path(__file__).parent / 'schemas' / 'detections.schema.json'

# frame -> camera -> (P, 17, 3) u, v, score
Detections = Mapping[str, Mapping[str, np.ndarray]]


def read_detections(path: PathLike, cameras: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """Read people per frame and camera, as COCO's 17 joints.

    Args:
        path: ``.json`` of the schema ``detections.schema.json``, or a pickle keyed
            ``<camera>_<frame>`` with lists of ``{'pred': (17, 3)}`` (VoxelPose).
        cameras: Camera names; each must occur in the file.

    Returns:
        frame -> camera -> (P, 17, 3) float32 ``u, v, score`` in pixels; score 0 is missing.

    Raises:
        FileFormatError: Wrong content, or a camera that the file does not know.
        FileNotFoundError: There is no such file; says what is needed.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path}: no 2D keypoints there; detect people in the images first and write them '
            'to this file (see docs/data.md)'
        )
    read = _read_pickle if path.suffix in ('.pkl', '.pickle') else _read_json
    detections = read(path)
    known = sorted({camera for views in detections.values() for camera in views})
    missing = [camera for camera in cameras if camera not in known]
    if missing:
        plural = 's' if len(missing) > 1 else ''
        raise FileFormatError(
            f'{path}: no keypoints of camera{plural} {", ".join(map(repr, missing))}; it has '
            f'{", ".join(known) or "none"}; camera names must be those of the calibration'
        )
    return detections


def check_pixels(detections: Detections, rig: CameraRig, path: PathLike) -> None:
    """Refuse keypoints that were not found in images of the calibrated size.

    Args:
        detections: As :func:`read_detections` gives them.
        rig: Their cameras, with image sizes.
        path: Where they come from, for the message.

    Raises:
        FileFormatError: Most joints of a camera lie outside its image, or all within two
            pixels of its corner (normalised), or scores are no scores. Names file, camera,
            what was found and what was expected.
    """
    for camera in rig:
        people = [views[camera.name] for views in detections.values() if camera.name in views]
        joints = np.concatenate([p.reshape(-1, 3) for p in people] or [np.zeros((0, 3))])
        joints = joints[joints[:, 2] > 0]
        if not len(joints):
            continue
        who = f'{path}: camera {camera.name!r}'
        width, height = camera.size or (0, 0)
        largest = joints[:, :2].max(0)
        if joints[:, 2].max() > MAX_SCORE:
            raise FileFormatError(
                f'{who}: scores go up to {joints[:, 2].max():g}; write them between 0 and 1'
            )
        outside = 1 - camera.in_image(joints[:, :2]).mean()
        if outside > 0.5 or largest.max() <= 2:
            raise FileFormatError(
                f'{who}: joints lie up to u = {largest[0]:g}, v = {largest[1]:g} and '
                f'{outside:.0%} of them outside its {width}x{height} image; write pixels of '
                'images of the size that was calibrated'
            )


def stack_views(views: Mapping[str, np.ndarray], cameras: Sequence[str]) -> np.ndarray:
    """Put one instant's people into one array, (V, P, 17, 3), padded with score 0."""
    people = [views.get(camera, np.zeros((0, 17, 3), np.float32)) for camera in cameras]
    stacked = np.zeros((len(people), max(map(len, people), default=0), 17, 3), np.float32)
    for row, found in zip(stacked, people):
        row[: len(found)] = found
    return stacked


def write_detections(path: PathLike, detections: Detections) -> None:
    """Write people as JSON, whole or not at all; the reverse of :func:`read_detections`."""
    frames = {
        str(frame): {
            str(camera): [
                [[round(float(x), 3) for x in joint] if joint[2] > 0 else None for joint in person]
                for person in people
            ]
            for camera, people in views.items()
        }
        for frame, views in detections.items()
    }
    write_json(path, {'joints': 'coco17', 'frames': frames})


def _read_json(path: Path) -> dict[str, dict[str, np.ndarray]]:
    data = read_json(path)
    try:
        fault = first_fault(data, SCHEMA_FILE)
    except RecursionError as error:
        raise FileFormatError(
            f'{path}: lists or objects are nested too deeply for keypoints; {WRITE_AGAIN}'
        ) from error
    if fault is not None:
        raise FileFormatError(
            f'{path}: {fault.json_path} {fault.found}, expected {fault.expected}; {WRITE_AGAIN}'
        )
    source = data.get('joints', 'coco17')
    return {
        frame: {
            camera: _from_json(people, source, f'{path}: $.frames[{frame!r}][{camera!r}]')
            for camera, people in views.items()
        }
        for frame, views in data['frames'].items()
    }


def _from_json(people: list, source: str, where: str) -> np.ndarray:
    count = len(JOINT_SETS[source])
    blank = [0.0, 0.0, 0.0]
    for index, person in enumerate(people):
        if len(person) != count:
            raise FileFormatError(
                f'{where}[{index}]: {source} has {count} joints, found {len(person)}; correct '
                '"joints" or write null for a missing joint'
            )
    rows = [[joint or blank for joint in person] for person in people]
    try:
        found = _finite(np.array(rows, np.float64).reshape(-1, count, 3))
    except OverflowError as error:  # JSON's integers have no end
        raise FileFormatError(f'{where}: a number is too large for a pixel ({error})') from error
    return to_coco17(found.astype(np.float32), source)


def _finite(people: np.ndarray) -> np.ndarray:
    """The people with joints that hold NaN or infinity taken as missing."""
    return np.where(np.isfinite(people).all(-1, keepdims=True), people, 0.0)


def to_coco17(people: np.ndarray, source: str) -> np.ndarray:
    """Detections (P, S, 3) of a joint set as COCO-17; a joint that needs a missing one is lost."""
    if source == 'coco17':
        return people
    matrix = joint_map(source, 'coco17')[0]
    found = people[..., 2] > 0
    needed = matrix != 0
    complete = (~needed | found[:, None]).all(-1) & needed.any(-1)
    result = np.einsum('ts,psd->ptd', matrix, people)
    result[..., 2] = np.where(needed, people[:, None, :, 2], np.inf).min(-1)
    return np.where(complete[..., None], result, 0.0).astype(np.float32)


def _read_pickle(path: Path) -> dict[str, dict[str, np.ndarray]]:
    data: Any = read_pickle(path)
    detections: dict[str, dict[str, np.ndarray]] = {}
    try:
        for key, people in data.items():
            # Camera names may contain the separator: split from the right.
            camera, frame = str(key).rsplit('_', 1)
            arrays = [np.asarray(person['pred'], np.float32) for person in people]
            stacked = np.stack(arrays) if arrays else np.zeros((0, 17, 3), np.float32)
            if stacked.shape[1:] == (17, 2):
                stacked = np.concatenate([stacked, np.ones_like(stacked[..., :1])], -1)
            if stacked.shape[1:] != (17, 3):
                raise ValueError(f'{key}: people of shape {stacked.shape[1:]}')
            detections.setdefault(str(int(frame)), {})[camera] = _finite(stacked)
    except (AttributeError, TypeError, LookupError, ValueError, OverflowError) as error:
        raise FileFormatError(
            f"{path}: expected {{'<camera>_<frame>': [{{'pred': (17, 3)}}]}}, found something "
            f'else ({error!r})'
        ) from error
    return detections
