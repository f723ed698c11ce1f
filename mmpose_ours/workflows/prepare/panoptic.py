"""CMU Panoptic after the download: unpack, and say per sequence what is there and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.calibration.api import Read, read_calibration
from mmpose_ours.calibration.camera_choice import choose_cameras
from mmpose_ours.calibration.checks.people_report import inspect_people
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.evaluation.panoptic_truth import (
    ANNOTATED_JOINTS,
    panoptic_frame_files,
    people_with_root,
    read_panoptic_bodies,
)
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.progress import Progress, to_stderr
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.text import argument, counted
from mmpose_ours.workflows.prepare.archives import unpack
from mmpose_ours.workflows.prepare.downloads import (
    PANOPTIC_CAMERAS,
    PANOPTIC_POSES,
    PANOPTIC_TRAINING,
    PANOPTIC_VALIDATION,
    panoptic_url,
    panoptic_video_url,
)
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

# Annotation files that are read to check a sequence; it has up to 30,000.
SAMPLE = 200


def prepare_panoptic(
    folder: Path,
    sequences: Sequence[str] | None = None,
    cameras: Sequence[str] = PANOPTIC_CAMERAS,
    archives: Sequence[Path] = (),
    say: Callable[[str], None] = to_stderr,
) -> list[Finding]:
    """Unpack and check sequences of CMU Panoptic.

    Args:
        folder: The folder that holds the sequences' folders.
        sequences: Their names; None takes those that are there, else VoxelPose's.
        cameras: Names of the HD cameras that are wanted.
        archives: Archives of the one sequence named; besides, each sequence's own
            ``hdPose3d_stage1_coco19.tar`` is unpacked.
        say: Takes lines about the progress.

    Returns:
        What was found.

    Raises:
        InputError: Archives are named for several sequences.
        FileFormatError, OSError: An archive cannot be unpacked.
    """
    there = [path.parent.name for path in sorted(folder.glob('*/calibration_*.json'))]
    names = list(sequences or there or (*PANOPTIC_TRAINING, *PANOPTIC_VALIDATION))
    if archives and len(names) != 1:
        raise InputError(
            f'{archives[0]}: of which sequence? Name it alone with {argument("sequences")}',
            code='ambiguous',
            file=archives[0],
            found=names,
        )
    findings = []
    for name in names:
        root = folder / name
        own = root / f'{PANOPTIC_POSES}.tar'
        for archive in [*archives, *([own] if own.is_file() and own not in archives else [])]:
            written = unpack(archive, root, name, Progress(str(archive), 'MB', say))
            if written is not None:
                say(f'{archive}: {counted(written, "file")} written to {root}')
        findings += _check_sequence(folder, name, cameras)
    return findings


def _check_sequence(folder: Path, name: str, cameras: Sequence[str]) -> list[Finding]:
    root = folder / name
    calibration, findings = _calibration(folder, name, cameras)
    bodies, more = _truth(folder, name)
    findings += more
    more = _images(folder, name, cameras)
    findings += more
    if calibration is not None:
        images = root / 'hdImgs' if more[0].state == OK else None
        keypoints = root / 'keypoints_2d.json'
        findings += [
            Finding(found.state, f'{name}, {found.what}', found.sentence)
            for found in agreement(*calibration, images, keypoints if keypoints.is_file() else None)
        ]
        if len(bodies):
            findings.append(_people_in_rig(name, calibration[1], bodies))
    return findings


def _calibration(
    folder: Path, name: str, cameras: Sequence[str]
) -> tuple[tuple[Read, CameraRig] | None, list[Finding]]:
    what, file = f'{name}, calibration', f'calibration_{name}.json'
    path = folder / name / file
    if not path.is_file():
        command = f'wget -P {quoted(path.parent)} {panoptic_url(name, file)}'
        return None, [Finding(MISSING, what, str(path), (command,))]
    try:
        read = read_calibration(path, 'panoptic')
        rig = choose_cameras(read.rig, read.uncalibrated, list(cameras), path)
    except (ValueError, OSError) as error:
        return None, [unreadable(what, error)]
    sentence = f'{path}, {counted(len(read.rig), "camera")}, of them {", ".join(rig.names)}'
    return (read, rig), [Finding(OK, what, sentence)]


def _truth(folder: Path, name: str) -> tuple[np.ndarray, list[Finding]]:
    """A sample of the annotated bodies, (N, 19, 3) mm."""
    what, path = f'{name}, truth', folder / name / PANOPTIC_POSES
    nobody = np.zeros((0, 19, 3))
    archive = f'{PANOPTIC_POSES}.tar'
    commands = (
        f'wget -c -P {quoted(folder / name)} {panoptic_url(name, archive)}',
        f'mmpose-ours prepare panoptic {quoted(folder)} --sequences {name}',
    )
    if not path.is_dir():
        return nobody, [Finding(MISSING, what, f'{path} is in {archive}', commands)]
    try:
        files = list(panoptic_frame_files(path).items())
        chosen = files[:: max(1, len(files) // SAMPLE)]
        sample = [read_panoptic_bodies(file) for _, file in chosen]
    except (FileFormatError, OSError) as error:
        found = unreadable(what, error)
        return nobody, [Finding(found.state, what, found.sentence, commands)]
    bodies = np.concatenate(sample)
    annotated = [people_with_root(people, ANNOTATED_JOINTS) for people in sample]
    empty = sum(not len(people) for people in annotated)
    people = sum(map(len, annotated))
    visible = np.isfinite(np.concatenate(annotated)).all(-1)
    sentence = (
        f'{path}, {counted(len(files), "frame")} ({files[0][0]}-{files[-1][0]}); of '
        f'{len(chosen)} read, {empty} without people, {people / len(chosen):.1f} people per frame, '
        f'{visible.mean() if visible.size else 0:.0%} of their joints visible'
    )
    state = OK if people else WRONG
    return bodies, [Finding(state, what, sentence)]


def _images(folder: Path, name: str, cameras: Sequence[str]) -> list[Finding]:
    """Images are needed for images and image mode only, so they are never fatal."""
    what, root = f'{name}, images', folder / name
    counts = {camera: len(list((root / 'hdImgs' / camera).glob('*.jpg'))) for camera in cameras}
    lacking = [camera for camera, count in counts.items() if not count]
    if not lacking:
        sentence = ', '.join(f'{camera}: {count}' for camera, count in counts.items())
        return [Finding(OK, what, sentence)]
    commands = []
    for camera in lacking:
        video, images = root / 'hdVideos' / f'hd_{camera}.mp4', root / 'hdImgs' / camera
        if not video.is_file():
            commands.append(f'wget -c -P {quoted(video.parent)} {panoptic_video_url(name, camera)}')
        commands.append(
            f'mkdir -p {quoted(images)} && ffmpeg -i {quoted(video)} -q:v 1 -start_number 0 '
            f'{quoted(images / f"{camera}_%08d.jpg")}'
        )
    sentence = f'none of {", ".join(lacking)}; images and image mode need them, nothing else does'
    return [Finding(NOTE, what, sentence, tuple(commands))]


def _people_in_rig(name: str, rig: CameraRig, bodies: np.ndarray) -> Finding:
    """Whether annotated people stand where the cameras look, upright and as tall as people."""
    what = f'{name}, agreement'
    poses = convert_joints(bodies, ANNOTATED_JOINTS, 'coco17')
    uv, valid = rig.project(poses)
    inside = np.stack([camera.in_image(pixels) for camera, pixels in zip(rig, uv)]) & valid
    known = np.isfinite(poses).all(-1).sum(-1)
    seen = ((inside.sum(-1) >= 0.5 * known) & (known > 0)).sum(0) >= min(2, len(rig))
    if seen.mean() < 0.5:
        return Finding(
            WRONG,
            what,
            f'only {seen.mean():.0%} of the annotated people are in the images of two cameras; '
            'calibration and truth must be of one sequence',
        )
    # As if each were detected alone and exactly, so that existing checks can judge them.
    people = np.concatenate([np.nan_to_num(uv), inside[..., None]], -1)
    detections = {
        str(index): {name: people[view, [index]] for view, name in enumerate(rig.names)}
        for index in np.flatnonzero(seen)
    }
    problems = [problem for problem in inspect_people(rig, detections)[1] if not problem.warning]
    if problems:
        return Finding(WRONG, what, problems[0].sentence)
    return Finding(OK, what, f'{seen.mean():.0%} of the annotated people are seen by two cameras')
