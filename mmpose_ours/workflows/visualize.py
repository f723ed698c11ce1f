"""Something to look at for a recording: a page, sheets, a film, single views, a report."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Iterable, Sequence

import numpy as np

from mmpose_ours.apis.stage_timer import StageTimer
from mmpose_ours.calibration.capture_volume import fit_space
from mmpose_ours.calibration.checks.image_sizes import check_shapes
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.detections import KeypointFrames, check_pixels, open_keypoints
from mmpose_ours.detections.arrays import array_frames
from mmpose_ours.detections.for_footage import open_for_footage
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.errors import FileFormatError, InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.disk.locks import hold_folder
from mmpose_ours.predictions.reading import FrameId, Predictions, another_rig, read_predictions
from mmpose_ours.recordings.camera_names import by_camera
from mmpose_ours.recordings.footage import Footage, frame_key, open_footage, sized_by_images
from mmpose_ours.text import argument, counted
from mmpose_ours.visualization import view_files
from mmpose_ours.visualization.frame_images import FootageImages
from mmpose_ours.visualization.page.scene import IMAGE_BUDGET
from mmpose_ours.visualization.results import results_of
from mmpose_ours.visualization.view_files import Show

PAGE_FILE, FILM_FILE, IMAGE_FOLDER = 'scene.html', 'people.mp4', 'frames'
VIEW_FOLDER = 'views'
RUN_FILE = 'run.html'


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be written, and how.

    Args:
        page: The page of the recording, :data:`PAGE_FILE`.
        report: Figures of the whole recording, :data:`RUN_FILE`; needs keypoints.
        sheets: A sheet per frame, in :data:`IMAGE_FOLDER`.
        film: The sheets as :data:`FILM_FILE`.
        single_views: Every image with the people in it, in :data:`VIEW_FOLDER`.
        window: Show the sheets in a window.
        radius: Of joints in single views, in pixels; None suits the image.
        thickness: Of limbs in single views, likewise.
        every: Take every n-th frame.
        fps: Frames per second, where neither the file nor a video says.
        image_megabytes: Of images in the page; images are as large as lets every frame have
            one, and where the smallest do not fit, fewer frames carry images.
    """

    page: bool = True
    report: bool = False
    sheets: bool = False
    film: bool = False
    single_views: bool = False
    window: bool = False
    radius: int | None = None
    thickness: int | None = None
    every: int = 1
    fps: float | None = None
    image_megabytes: float = IMAGE_BUDGET / 1e6


def visualize(
    people: PathLike,
    rig: CameraRig,
    out: PathLike,
    wanted: Wanted,
    *,
    images: PathLike | None = None,
    keypoints: PathLike | None = None,
    found: KeypointFrames | None = None,
    reading: KeypointOptions | None = None,
    rig_file: PathLike = 'the rig',
    all_cameras: bool = False,
    whole: CameraRig | None = None,
) -> None:
    """Write what is wanted of a recording, and say so.

    Args:
        people: 3D poses, a file in the Predictions format.
        rig: The cameras.
        out: Folder for what is written.
        wanted: What that is.
        images: Images of the recording: a folder of images or a video per camera.
        keypoints: 2D keypoints that the 3D ones come from, drawn beneath.
        found: What that file holds, where it was read already.
        reading: How the keypoints are to be read; frame offsets and names are those of images too.
        rig_file: Where the cameras come from, for messages.
        all_cameras: Show all cameras, also those without images or keypoints.
        whole: All cameras of the calibration, where ``rig`` has some; to tell whether the poses
            were made with it.

    Raises:
        InputError, OSError: Something cannot be read, does not fit together, or cannot be
            written.
    """
    predictions = read_predictions(people)
    if not predictions.frames:
        raise InputError(
            f'{people}: has no frame, so there is nothing to look at', code='no-data', file=people
        )
    out, footage = Path(out), None
    options = KeypointOptions(**(reading or {}))
    rename = options.get('rename')
    offsets = by_camera(options.get('frame_offsets') or {}, rig.names, rename)
    if images:
        rig = sized_by_images(rig, images, rename)
        footage = open_footage(images, rig.names, offsets, rename)
        check_shapes(rig, footage.files)
        for note in footage.notes:
            options.get('say', lambda note: None)(note)
    options = KeypointOptions(**{**options, 'frame_offsets': offsets})
    if found is None and keypoints:
        found = _keypoints(keypoints, rig, options, footage)
    if predictions.of_another_rig(rig) and (whole is None or predictions.of_another_rig(whole)):
        print(f'warning: {another_rig(people, rig_file)}', file=sys.stderr)
    if not all_cameras:
        rig = _cameras_shown(rig, footage, found, keypoints)
    if found is not None and keypoints is not None:
        check_pixels(array_frames(found), rig, keypoints)
        _compare(predictions, people, found, keypoints)
    if footage is not None and footage.frames is not None and images is not None:
        _compare(predictions, people, footage.frames, images)
    frames = results_of(predictions, found)[:: wanted.every]
    fps = _frame_rate(predictions, wanted.fps, people)
    fps = fps or (footage.fps if footage is not None else None)
    pixels = None if footage is None else FootageImages(footage, rig)
    show = Show(
        title=Path(people).name,
        rig=rig,
        joints=predictions.skeleton,
        frames=frames,
        space=predictions.space or _space_of(rig, rig_file),
        fps=frames_per_second(fps, [result.frame for result in frames]),
        images=pixels,
    )
    with hold_folder(out, 'output folder'):
        _write(show, wanted, out)
    if pixels is not None and pixels.broken:
        first = next(iter(pixels.broken.values()))
        print(f'warning: {len(pixels.broken)} left out: {first}', file=sys.stderr)


def _frame_rate(predictions: Predictions, given: float | None, path: PathLike) -> float | None:
    try:
        return predictions.frame_rate(given)
    except InputError as error:
        raise error.reworded(InputError, f'{path}: {error}', file=path) from error


def _write(show: Show, wanted: Wanted, out: Path) -> None:
    watch = StageTimer()
    if wanted.page:
        with watch.stage('page'):
            budget = round(wanted.image_megabytes * 1e6)
            view_files.write_page(show, out / PAGE_FILE, budget)
    if wanted.report:
        with watch.stage('report'):
            view_files.write_report(show, out / RUN_FILE)
    if wanted.single_views:
        with watch.stage('single views'):
            view_files.write_views(show, out / VIEW_FOLDER, wanted.radius, wanted.thickness)
    if wanted.sheets or wanted.film or wanted.window:
        folder = out / IMAGE_FOLDER if wanted.sheets else None
        film = out / FILM_FILE if wanted.film else None
        with watch.stage('sheets'):
            view_files.write_sheets(show, folder, film, window=wanted.window)
    print(f'time    {watch.summary()}')


def _keypoints(
    path: PathLike, rig: CameraRig, options: KeypointOptions, footage: Footage | None
) -> KeypointFrames:
    """2D keypoints by frame, matched as those of a run with the same cameras are."""
    try:
        return open_for_footage(path, rig.names, options, footage, every=False)
    except FileFormatError as error:
        if error.code != 'unknown-camera':
            raise
        return open_keypoints(path, **options)  # of some cameras, or of others


def frames_per_second(fps: float | None, frames: Sequence[FrameId]) -> float | None:
    """How many of these frames there are per second.

    Args:
        fps: Frame numbers per second, or frames where they have names; None is not known.
        frames: The frames; every fifth number makes a fifth of the frame rate.
    """
    if fps is None:
        return None
    steps = np.diff([frame for frame in frames if isinstance(frame, int)])
    usual = float(np.median(steps)) if len(steps) else 1.0
    return fps / max(usual, 1.0)


def _cameras_shown(
    rig: CameraRig,
    footage: Footage | None,
    keypoints: KeypointFrames | None,
    where: PathLike | None,
) -> CameraRig:
    """The cameras of which there is something to show; all where there is nothing but people."""
    if footage is None and keypoints is None:
        return rig
    has: set[str] = set(footage.cameras) if footage is not None else set()
    if footage is None and keypoints is not None:
        has = {camera for views in keypoints.values() for camera in views}
    shown = [name for name in rig.names if name in has]
    if not shown:
        raise InputError(
            f'{where}: has keypoints of {", ".join(sorted(has)) or "no camera"}, but the '
            f'calibration has {", ".join(rig.names)}; the names must agree',
            code='no-match',
            file=where,
            found=sorted(has),
            expected=list(rig.names),
        )
    if len(shown) < len(rig):
        kind = 'images' if footage is not None else 'keypoints'
        print(
            f'cameras {len(shown)} of {len(rig)}: {" ".join(shown)}; those without {kind} are '
            f'left out (name them with {argument("cameras")} to see them)'
        )
    return rig.select(shown)


def _compare(
    predictions: Predictions, path: PathLike, frames: Iterable[str], other: PathLike
) -> None:
    """Refuse what has no frame in common with the people, and say how many lack it."""
    theirs = {frame_key(frame) for frame in frames}
    lacking = [frame for frame in predictions.frames if frame_key(frame) not in theirs]
    if len(lacking) == len(predictions.frames):
        raise InputError(
            f'{other} has none of the {counted(len(lacking), "frame")} of {path} (such as '
            f'{lacking[0]!r}) but '
            f'others (such as {next(iter(theirs), "none")!r}); frames are named after the images',
            code='no-match',
            file=other,
            found=sorted(theirs),
            expected=lacking,
        )
    if lacking:
        print(
            f'note: {other} lacks {len(lacking)} of {counted(len(predictions.frames), "frame")} '
            f'of {path}'
        )


def _space_of(rig: CameraRig, path: PathLike) -> CaptureVolume | None:
    try:
        return fit_space(rig)
    except CalibrationError as error:
        print(f'note: {path}: no capture volume is drawn: {error}', file=sys.stderr)
        return None
