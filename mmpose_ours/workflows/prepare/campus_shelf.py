"""Campus and Shelf after the download: unpack, and say what is there and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.calibration.api import Read, read_calibration
from mmpose_ours.calibration.camera_choice import with_size
from mmpose_ours.detections import read_detections
from mmpose_ours.evaluation.campus_shelf_truth import read_actors
from mmpose_ours.evaluation.frame_ranges import format_frames
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.progress import Progress, to_stderr
from mmpose_ours.text import counted
from mmpose_ours.workflows.prepare.archives import unpack
from mmpose_ours.workflows.prepare.downloads import ActorsDownload
from mmpose_ours.workflows.prepare.findings import (
    MISSING,
    NOTE,
    OK,
    WRONG,
    Finding,
    agreement,
    quoted,
    unreadable,
)


def prepare_actors(
    download: ActorsDownload,
    folder: Path,
    archives: Sequence[Path] = (),
    say: Callable[[str], None] = to_stderr,
) -> list[Finding]:
    """Unpack Campus or Shelf and check it.

    Args:
        download: Which of the two.
        folder: The data set's folder, ``data/Campus`` by custom.
        archives: Official archives; none looks for one of the official name in the folder and
            beside it.
        say: Takes lines about the progress.

    Returns:
        What was found.

    Raises:
        FileFormatError, OSError: An archive cannot be unpacked.
    """
    beside = [place / download.archive for place in (folder, folder.parent)]
    found = list(archives) or [path for path in beside if path.is_file()][:1]
    for archive in found:
        progress = Progress(str(archive), 'MB', say)
        written = unpack(archive, folder, download.top, progress)
        if written is not None:
            say(f'{archive}: {counted(written, "file")} written to {folder}')
    frames, findings = _truth(download, folder)
    calibration, more = _calibration(download, folder)
    findings += more
    detected, more = _detections(download, folder)
    findings += more
    images, more = _images(download, folder, frames)
    findings += more
    if calibration is not None and not any(finding.state == WRONG for finding in findings):
        keypoints = folder / download.keypoint_file if detected else None
        findings += agreement(*calibration, folder if images else None, keypoints)
    return findings


def _get_archive(download: ActorsDownload, folder: Path) -> tuple[str, ...]:
    """The commands that bring the official archive."""
    unpacked = folder.parent / download.top
    if unpacked.is_dir() and not folder.exists():  # as the archive calls it
        return (f'mv {quoted(unpacked)} {quoted(folder)}',)
    archive = folder.parent / download.archive
    return (
        f'wget -c -P {quoted(folder.parent)} {download.archive_url}',
        f'mmpose-ours prepare {download.name} {quoted(folder)} --archive {quoted(archive)}',
    )


def _truth(download: ActorsDownload, folder: Path) -> tuple[int, list[Finding]]:
    """Frames of the truth, 0 where there is none."""
    path = folder / download.truth_file
    if not path.is_file():
        commands = _get_archive(download, folder)
        return 0, [Finding(MISSING, 'truth', f'{path} is in the official archive', commands)]
    try:
        truth = read_actors(path)
    except (ValueError, OSError) as error:
        return 0, [unreadable('truth', error)]
    frames, actors = truth.shape[:2]
    if actors != download.actors:
        sentence = f'{path} holds {counted(actors, "actor")}, {download.name} has {download.actors}'
        return 0, [Finding(WRONG, 'truth', sentence, _get_archive(download, folder))]
    covered = [frame for frame in download.frames if frame < frames]
    people = int(np.isfinite(truth[covered]).all((-1, -2)).sum())
    return frames, [
        Finding(
            OK if len(covered) == len(download.frames) else NOTE,
            'truth',
            f'{path}, {counted(frames, "frame")}, {actors} actors; {len(covered)} of '
            f'{len(download.frames)} test frames ({format_frames(download.frames)}), in which '
            f'{people} people are annotated',
        )
    ]


def _calibration(
    download: ActorsDownload, folder: Path
) -> tuple[tuple[Read, CameraRig] | None, list[Finding]]:
    path = folder / download.rig_file
    if not path.is_file():
        command = f'wget -P {quoted(folder)} {download.url(download.rig_file)}'
        return None, [Finding(MISSING, 'calibration', str(path), (command,))]
    try:
        read = read_calibration(path, image_size=download.image_size)
        rig = with_size(read.rig, download.image_size, path)
    except (ValueError, OSError) as error:
        return None, [unreadable('calibration', error)]
    names = sorted(read.rig.names)
    if names != sorted(download.cameras):
        sentence = (
            f'{path} has cameras {", ".join(names)}, {download.name} has '
            f'{", ".join(download.cameras)}'
        )
        return None, [Finding(WRONG, 'calibration', sentence)]
    return (read, rig), [Finding(OK, 'calibration', f'{path}, {counted(len(names), "camera")}')]


def _detections(download: ActorsDownload, folder: Path) -> tuple[bool, list[Finding]]:
    path = folder / download.keypoint_file
    if not path.is_file():
        command = f'wget -P {quoted(folder)} {download.url(download.keypoint_file)}'
        return False, [Finding(MISSING, 'detections', str(path), (command,))]
    try:
        detections = read_detections(path, download.cameras)
    except (ValueError, OSError) as error:
        return False, [unreadable('detections', error)]
    views = [view for views in detections.values() for view in views.values()]
    covered = [frame for frame in download.frames if str(frame) in detections]
    state = OK if len(covered) == len(download.frames) else NOTE if covered else WRONG
    return True, [
        Finding(
            state,
            'detections',
            f'{path}, {counted(len(detections), "frame")}, '
            f'{counted(sum(map(len, views)), "person", "people")} in '
            f'{counted(len(views), "view")}; {len(covered)} of {len(download.frames)} test frames',
        )
    ]


def _images(download: ActorsDownload, folder: Path, frames: int) -> tuple[bool, list[Finding]]:
    """Images are needed for images and image mode only, so they are never fatal."""
    counts, gaps = {}, {}
    for camera in download.cameras:
        have = [
            (folder / download.image_pattern.format(camera=camera, frame=frame)).is_file()
            for frame in range(frames)
        ]
        counts[camera] = sum(have)
        gaps[camera] = [frame for frame, there in enumerate(have) if not there]
    if not frames:
        return False, []
    if not any(counts.values()):
        where = folder / download.image_pattern.format(camera=download.cameras[0], frame=0)
        sentence = f'none such as {where}; images and image mode need them, nothing else does'
        return False, [Finding(NOTE, 'images', sentence, _get_archive(download, folder))]
    findings = [
        Finding(
            OK if not any(gaps.values()) else NOTE,
            'images',
            ', '.join(f'camera {name}: {count}' for name, count in counts.items()),
        )
    ]
    for name, missing in gaps.items():
        if missing:
            text = format_frames(missing)
            text = text if len(text) < 60 else text[:60].rpartition(',')[0] + ',...'
            findings.append(
                Finding(NOTE, 'images', f'camera {name} lacks {len(missing)}: frames {text}')
            )
    return all(counts.values()), findings
