"""From one tool's calibration to another's."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Mapping, Sequence

from mmpose_ours.calibration.alignment.level import ground_rig
from mmpose_ours.calibration.api import Read, describe, read_calibration
from mmpose_ours.calibration.camera_choice import choose_cameras, need_sizes, with_size
from mmpose_ours.calibration.checks.judgement import refuse_wrong
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.calibration.format_table import written_world
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.calibration.lens_refit import Fit, approximate_rig
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.calibration.writing import write_rig_and_report, writer_of
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig, list_names
from mmpose_ours.text import argument


@dataclasses.dataclass(frozen=True)
class Conversion:
    """What became of a calibration.

    Args:
        rig: The rig as written, millimetres, z up.
        read: How the source was understood.
        to_format: The format written.
        fits: The cameras whose lens had to be refitted.
        notes: What was done on the way, a sentence each.
        warnings: What about the rig makes no sense around people, a sentence each.
    """

    rig: CameraRig
    read: Read
    to_format: str
    fits: tuple[Fit, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def written_as(self) -> str:
        """One line on the convention of the file that was written."""
        return describe(self.to_format, *written_world(self.to_format))

    def report(self) -> dict:
        """All of it as plain data, for a JSON file."""
        return {
            'from': self.read.format,
            'recognised_by': self.read.reason or None,
            'unit': self.read.unit,
            'up': self.read.up,
            'convention': self.read.convention,
            'to': self.to_format,
            'written_as': self.written_as,
            'notes': list(self.notes),
            'warnings': list(self.warnings),
            'approximated': [
                {
                    'camera': fit.camera.name,
                    'largest_error_px': fit.error_px,
                    'share_of_image_left_out': fit.left_out,
                }
                for fit in self.fits
            ],
            'uncalibrated': list(self.read.uncalibrated),
            'cameras': [
                {
                    'name': camera.name,
                    'size': camera.size,
                    'K': camera.K.tolist(),
                    'lens': camera.lens,
                    'dist': camera.dist.tolist(),
                    'R_w2c': camera.R_w2c.tolist(),
                    't_w2c_mm': camera.t_w2c.tolist(),
                    'center_mm': camera.center_w.tolist(),
                }
                for camera in self.rig
            ],
        }


def convert_calibration(
    source: PathLike | Sequence[PathLike],
    target: PathLike,
    from_format: str = 'auto',
    *,
    to_format: str,
    unit: str | float | None = None,
    up: str | None = None,
    cameras: Sequence[str] | None = None,
    rename: Mapping[str, str] | None = None,
    image_size: ImageSizes | None = None,
    extrinsics: str | None = None,
    translation: str | None = None,
    images: PathLike | None = None,
    scale_intrinsics: tuple[int, int] | None = None,
    ground: bool = False,
    approximate: bool = False,
    any_scale: bool = False,
    force: bool = False,
    report: PathLike | None = None,
) -> Conversion:
    """Convert a calibration.

    Args:
        source: The file to read, the folder, or several files of one calibration.
        target: The file to write, of a format with several files the folder.
        from_format: A name of :data:`mmpose_ours.calibration.FORMATS`, or ``'auto'``.
        to_format: A name of :data:`mmpose_ours.calibration.FORMATS`.
        unit: The unit of the source's lengths: ``mm``, ``cm``, ``m`` or millimetres per unit.
            None takes the format's own.
        up: The axis that points up in the source: ``x -x y -y z -z``. None takes the format's.
        cameras: The cameras to keep, in this order, by their names in ``source``.
        rename: New camera name by old one.
        image_size: (width, height) in pixels where ``source`` does not say; or sizes by camera,
            under None that of the cameras which are not named.
        extrinsics: What R is in ``source``, see
            :func:`mmpose_ours.calibration.api.read_calibration`.
        translation: What T is, likewise.
        images: Folder of images or videos by camera, for the sizes that ``source`` does not say.
        scale_intrinsics: (width, height) in pixels of the scaled images that will be used.
        ground: Level the world by the cameras' horizons and put the floor below what they
            look at, see :func:`mmpose_ours.calibration.alignment.level.ground_rig`; ``up`` need not
            be known then.
        approximate: Refit lenses that the target cannot hold.
        any_scale: Do not judge whether the rig is one around people.
        force: Write a rig that its check calls wrong, with what is wrong among the warnings, and
            replace a file that is read.
        report: A JSON file for all that was found, see :meth:`Conversion.report`.

    Returns:
        What was written, and what there is to say of it.

    Raises:
        CalibrationError: The rig cannot be read, the target cannot hold it, or its check calls it
            wrong.
        OSError: The target cannot be written.
    """
    writer = writer_of(to_format, target)
    if not force:
        _check_target(target, Source(source).paths)
    if report is not None:
        _check_report(report, [*Source(source).paths, target])
    read = read_calibration(
        source,
        from_format,
        unit=unit,
        up=up,
        image_size=image_size,
        extrinsics=extrinsics,
        translation=translation,
        any_up=ground,
    )
    where = read.path
    rig = choose_cameras(read.rig, read.uncalibrated, cameras, where, read.rigs)
    notes = list(read.notes)
    if image_size is not None:
        known = (*read.rig.names, *read.uncalibrated)
        rig = with_size(rig, image_size, where, known, notes.append)
    problems: list[Problem] = []
    if images is not None:
        rig, problems = size_by_images(rig, images)
    if writer.HOLDS.needs_size:
        need_sizes(rig, where, f'which {writer.HOLDS.title} needs')
    if rename:
        rig = _rename(rig, rename, where)
    if scale_intrinsics is not None:
        with about(where):
            rig = CameraRig(tuple(camera.resized(scale_intrinsics) for camera in rig))
    if ground:
        with about(where, nameless=True):
            rig, note = ground_rig(rig)
        notes.append(note)
    up_of_rig = 'z' if ground else read.up
    found = refuse_wrong(
        rig, where, read.unit, up_of_rig, any_scale=any_scale, force=force, more=problems
    )
    warnings = [problem.sentence for problem in found]
    fits: list[Fit] = []
    if approximate:
        with about(where):
            rig, fits = approximate_rig(rig, writer.HOLDS)
    done = Conversion(rig, read, to_format, tuple(fits), tuple(notes), tuple(warnings))
    write_rig_and_report(rig, target, to_format, report, done.report())
    return done


def _check_target(target: PathLike, sources: Sequence[PathLike]) -> None:
    """Refuse to replace a file that is read."""
    place = Path(target).resolve()
    if place in [Path(source).resolve() for source in sources]:
        raise CalibrationError(
            f'{target}: is the file that is read, which would be replaced; give the output another '
            f'name, or say {argument("force", True)}',
            code='conflict',
            file=target,
        )


def _check_report(report: PathLike, others: Sequence[PathLike]) -> None:
    """Refuse a report that would replace the calibration that is read or written."""
    place = Path(report).resolve()
    for other in others:
        if Path(other).resolve() == place:
            raise CalibrationError(
                f'{report}: is the report and a calibration at once; give the report another name',
                code='conflict',
                file=report,
            )


def size_by_images(rig: CameraRig, images: PathLike) -> tuple[CameraRig, list[Problem]]:
    """The rig with the sizes of its images where it has none, and where the others differ.

    Args:
        rig: The cameras.
        images: Folder of images or videos by camera.

    Raises:
        CalibrationError: There is no such folder.
    """
    from mmpose_ours.calibration.checks.image_sizes import sized_and_compared

    root = Path(images)
    if not root.is_dir():
        raise CalibrationError(
            f'{images}: no such folder of images; correct the path', code='no-data', file=images
        )
    sized, _, problems = sized_and_compared(rig, root)
    known = {camera.name for camera in rig if camera.size is not None}
    # A camera whose size is known needs no images here.
    return sized, [p for p in problems if p.topic != 'images' or not set(p.cameras) <= known]


def _rename(rig: CameraRig, rename: Mapping[str, str], path: PathLike) -> CameraRig:
    unknown = [name for name in rename if name not in rig.names]
    if unknown:
        raise CalibrationError(
            f'{path}: no camera {", ".join(map(repr, unknown))} to rename; '
            f'the cameras at hand are {list_names(rig.names)}',
            code='unknown-camera',
            file=path,
            camera=unknown[0],
            found=unknown[0],
            expected=list(rig.names),
        )
    try:
        return CameraRig(
            tuple(dataclasses.replace(c, name=rename.get(c.name, c.name)) for c in rig)
        )
    except InputError as error:
        raise error.reworded(
            CalibrationError, f'{path}: after renaming, {error}; give other names', file=path
        ) from error
