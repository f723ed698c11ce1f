"""COLMAP: a sparse model as text or binary files.

==============  ==================================================================
files           ``cameras`` and ``images``, if there ``rigs`` and ``frames``; as ``.txt``
                or ``.bin``, the folder or the files of any name; ``points3D`` is not
                needed
unit            none, COLMAP's scale is free (written: metre)
world           right-handed, no axis is up (written: z up)
extrinsics      world to camera: quaternion ``QW QX QY QZ`` and translation
                ``TX TY TZ``: ``x_cam = R x_world + t``
intrinsics      ``f`` or ``fx fy``, ``cx cy``; pixels count from the **corner** of the
                first one, so ``cx cy`` are 0.5 larger than OpenCV's: taken off on
                reading, put on again on writing
distortion      by camera model, in the order of OpenCV or of COLMAP's own fisheyes
image size      width and height
cannot hold     skew, OpenCV's s1 and later coefficients, unknown image sizes
==============  ==================================================================

Names: an image's name is its camera's. ``cam1/000.jpg`` is ``cam1`` where every image lies
in a folder and the folders differ, else ``000``, without its ending (``000.jpg`` and ``000.png``
keep theirs). A camera's name is written as its image's; one that ends like an image gets
another ending, so that it is read back.

Traps: several images of one camera are cameras of their own, unless ``rigs`` mounts cameras
together: then its cameras are the rig's, placed as in the first frame. Each image of
``images.txt`` takes two lines, of which the second may be empty and must not be left out.
A camera without an image is not calibrated. COLMAP prefers ``.bin`` to ``.txt``.

Source: https://colmap.github.io/format.html and ``src/colmap/scene`` of
https://github.com/colmap/colmap.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Sequence

from mmpose_ours.calibration.capabilities import Holds
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.formats.colmap import binary_files as colmap_binary
from mmpose_ours.calibration.formats.colmap import text_files as colmap_text
from mmpose_ours.calibration.formats.colmap.entities import (
    MODELS,
    CameraRecord,
    FrameRecord,
    ImageRecord,
    Records,
    RigRecord,
    from_camera,
    to_lens,
)
from mmpose_ours.calibration.formats.colmap.views import View, find_views, name_views
from mmpose_ours.calibration.parsing.file import EXPORT_AGAIN, File
from mmpose_ours.calibration.parsing.image_names import check_image_count, with_ending
from mmpose_ours.calibration.parsing.source import Reading, Source
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.lenses import LENSES
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import to_quaternion
from mmpose_ours.io.disk.files import write_files_whole

CONVENTION = 't is the translation, R a quaternion w x y z'
UNIT = UP = None
WRITTEN = ('m', 'z')
HOLDS = Holds('COLMAP', coefficients=8, lenses=tuple(LENSES), needs_size=True)

ROLES = ('cameras', 'images', 'rigs', 'frames')
_FILES = (*ROLES, 'points3D')


def recognise(source: Source) -> str:
    """Say why files are COLMAP's, or return an empty string."""
    for file in source:
        if _is_binary(file):
            with contextlib.suppress(CalibrationError):
                role, found = colmap_binary.read(file)
                if role in ('cameras', 'images'):
                    return f'{len(found)} {role} in binary'
        elif colmap_text.role(file) in ('cameras', 'images'):
            return f'a text list of {colmap_text.role(file)}'
    return ''


def _is_binary(file: File) -> bool:
    # A .bin cut short may hold no null byte.
    cut = file.path.suffix == '.bin' and not colmap_text.role(file)
    return (b'\x00' in file.head or cut) and not file.head.startswith(b'MATLAB')


def _promised(file: File) -> str:
    """What a file is by its name; only to say what is wrong with one that cannot be determined."""
    name, ending = file.path.stem, file.path.suffix
    return name if name in ROLES and ending in ('.txt', '.bin') else ''


def read(source: Source) -> Reading:
    """Read a rig in the file's own unit and axes.

    Args:
        source: The folder, or its files in any order.

    Returns:
        The images in file order, each a camera, or the cameras of a rig; cameras without
        a pose are ``uncalibrated`` by their number.

    Raises:
        CalibrationError: A file is missing or broken, or the images' names do not tell the
            cameras apart.
    """
    records, notes = _records(source)
    cameras = _by_id(records.cameras, 'camera', source)
    _by_id(records.images, 'image', source)
    rigs = _by_id(records.rigs, 'rig', source)
    _check_ids(
        [(f'image {image.name!r}', image.camera_id) for image in records.images]
        + [(f'rig {rig.id}', id) for rig in records.rigs for id in rig.sensors],
        'camera',
        cameras,
        source,
    )
    _check_ids([(f'frame {f.id}', f.rig_id) for f in records.frames], 'rig', rigs, source)
    views = find_views(records, source.path, notes)
    check_image_count(len(views), source.path)
    names = name_views(views, source.path)
    with about(source.path):
        rig = tuple(
            _camera(name, view, cameras[view.camera_id], source) for name, view in zip(names, views)
        )
        seen = {view.camera_id for view in views}
        unseen = [str(id) for id in cameras if id not in seen]
        # An image may be called by another camera's number.
        uncalibrated = tuple(f'camera {id}' if id in names else id for id in unseen)
        if not rig:
            raise CalibrationError(
                f'{source.path}: no camera has an image with a pose (cameras: '
                f'{", ".join(uncalibrated[:20])}); register images of them in COLMAP',
                code='no-data',
                file=source.path,
                found=uncalibrated,
            )
        return Reading(CameraRig(rig), uncalibrated, tuple(notes))


def _records(source: Source) -> tuple[Records, list[str]]:
    """The records of all files, each file's role recognised by its content."""
    records, notes = Records(), []
    holders: dict[str, PathLike] = {}
    others: list[str] = []
    for file in source:
        role = colmap_text.role(file)
        found: list = []
        if _is_binary(file):
            try:
                role, found = colmap_binary.read(file)
            except CalibrationError as error:
                if _promised(file):
                    raise
                others.append(str(error))
        if not role:
            role = _promised(file)
        if role not in ROLES:
            continue
        if role in holders:
            raise CalibrationError(
                f'{holders[role]} and {file.path}: both hold {role}; name the files of one model',
                code='ambiguous',
                file=file.path,
                found=role,
            )
        holders[role] = file.path
        if _is_binary(file):
            getattr(records, role).extend(found)
        else:
            note = colmap_text.read(file, role, records)
            notes += [note] if note else []
    for role in ('cameras', 'images'):
        if not getattr(records, role):
            why = f' ({"; ".join(others[:3])})' if others else ''
            raise CalibrationError(
                f'{source.path}: holds no {role} of COLMAP{why}; name the folder with its '
                'cameras and images, .txt or .bin',
                code='no-data',
                file=source.path,
                expected=role,
            )
    return records, notes


def _by_id(records: Sequence, what: str, source: Source) -> dict:
    found: dict = {}
    for record in records:
        if record.id in found:
            raise CalibrationError(
                f'{source.path}: {what} {record.id} is listed twice, expected each once; '
                f'{EXPORT_AGAIN}',
                code='duplicate',
                file=source.path,
                place=f'{what} {record.id}',
                found=record.id,
            )
        found[record.id] = record
    return found


def _check_ids(owners: Sequence, what: str, known: dict, source: Source) -> None:
    for who, id in owners:
        if id not in known:
            listed = ', '.join(map(str, list(known)[:20])) or 'none'
            raise CalibrationError(
                f'{source.path}: {who} refers to {what} {id}, which is not listed ({listed}); '
                'name all files of the model or export it again',
                code='no-match',
                file=source.path,
                place=who,
                found=id,
                expected=list(known),
            )


def _camera(name: str, view: View, record: CameraRecord, source: Source) -> Camera:
    if not MODELS[record.model].lens:
        raise CalibrationError(
            f'{source.path}: camera {name!r}: the camera model {record.model} is no lens with a '
            'focal length; render perspective or fisheye images of it and calibrate those',
            code='cannot-express',
            file=source.path,
            camera=name,
            found=record.model,
            expected=[known for known, model in MODELS.items() if model.lens],
        )
    K, dist, lens = to_lens(record)
    return Camera(name, K, view.R_w2c, view.t_w2c, record.size, dist, lens)


def write(rig: CameraRig, path: PathLike) -> None:
    """Write a rig as text, in metres, z up, all files whole or none.

    Args:
        rig: The cameras, which fit :data:`HOLDS`; each becomes a camera, a rig of one, a
            frame and an image without keypoints, named like the camera.
        path: The folder, made where it is missing, or one of the files in it.

    Raises:
        CalibrationError: A name has a space, or the folder holds a binary model, which
            COLMAP would read instead.
    """
    for name in rig.names:
        colmap_text.check_name(name, path)
    folder = _folder(path)
    write_files_whole(folder, colmap_text.render(_to_records(rig)))


def _folder(path: PathLike) -> Path:
    """The folder that a path names, which must hold no binary files."""
    folder = Path(path)
    if folder.suffix in ('.txt', '.bin') and folder.stem in _FILES:
        folder = folder.parent
    for role in ROLES:
        if (folder / f'{role}.bin').exists():
            raise CalibrationError(
                f'{folder / role}.bin: is of another model, which would be mixed up with '
                'this one; choose another folder or remove it',
                code='conflict',
                file=folder / f'{role}.bin',
            )
    return folder


def _to_records(rig: CameraRig) -> Records:
    records = Records()
    for id, camera in enumerate(rig, start=1):
        pose = tuple(map(float, (*to_quaternion(camera.R_w2c), *camera.t_w2c)))
        records.cameras.append(from_camera(id, camera))
        records.images.append(ImageRecord(id, pose, id, with_ending(camera.name)))
        records.rigs.append(RigRecord(id, {id: pose}))
        records.frames.append(FrameRecord(id, id, pose, {id: id}))
    return records
