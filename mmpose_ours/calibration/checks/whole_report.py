"""Everything that can be checked of a calibration: by itself, by images and by 2D keypoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmpose_ours.calibration.api import Read
from mmpose_ours.calibration.capture_volume import describe_space
from mmpose_ours.calibration.checks.image_sizes import sized_and_compared
from mmpose_ours.calibration.checks.judgement import at_any_scale, each_once
from mmpose_ours.calibration.checks.recording_report import (
    DetectionSample,
    judge_recording,
    not_refuted,
)
from mmpose_ours.calibration.checks.rig_report import RigInspection, rig_facts
from mmpose_ours.calibration.checks.sanity import Problem
from mmpose_ours.detections import Detections, check_pixels
from mmpose_ours.detections.reading import KeypointOptions, read_compared
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.structures.joint_maps import has_human_body
from mmpose_ours.text import counted


def check(
    read: Read,
    rig: CameraRig,
    images: Path | None = None,
    keypoints: PathLike | None = None,
    space: CaptureVolume | None = None,
    *,
    reading: KeypointOptions | None = None,
    any_scale: bool = False,
) -> tuple[dict[str, Any], CameraRig]:
    """Collect all that can be said of a rig.

    Args:
        read: How its file was understood.
        rig: The cameras to check, millimetres, z up.
        images: Where their images or videos lie, if they are to be compared.
        keypoints: File of 2D keypoints (see :mod:`mmpose_ours.detections`), if there is one.
        space: The capture volume; None fits it to the cameras.
        reading: How the keypoints are to be read, with the names of images too; what is said of
            them is in ``notes``.
        any_scale: Whether the rig need not be one around people.

    Returns:
        Plain data: ``ok``, ``problems`` and ``warnings`` (topic, sentence, cameras), ``notes``,
        ``judgement`` (orientation, unit and reprojection with their evidence), ``cameras``,
        ``rig``, ``space``, ``images``, ``people``. And the rig, with the sizes that the images
        have where the calibration says none.

    Raises:
        FileFormatError, FileNotFoundError: The keypoints cannot be read.
    """
    sizes: dict[str, tuple[int, int] | None] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    if images is not None:
        rename = (reading or {}).get('rename')
        rig, sizes, problems = sized_and_compared(rig, images, rename, notes.append)
    inspection = RigInspection(rig, read.unit, read.up, space)
    report: dict[str, Any] = {
        'format': read.format,
        'recognised_by': read.reason or None,
        'convention': read.convention,
        'notes': notes,
        'cameras': inspection.cameras,
        'rig': rig_facts(rig) if len(rig) > 1 else None,
        'judgement': {'orientation': inspection.orientation[0]},
    }
    if images is not None:
        report['images'] = sizes
    if keypoints is not None:
        options: KeypointOptions = {**(reading or {}), 'say': notes.append}
        detections, compared = read_compared(keypoints, rig.names, **options)
        problems += _outside(detections, rig, keypoints)
        offsets = (reading or {}).get('frame_offsets')
        sample = DetectionSample.of(detections)
        people = has_human_body(compared)
        if not people:
            notes.append(
                f'{compared.name} has no human body: orientation, unit, floor and sides, which '
                'only people tell, are not checked by the keypoints'
            )
        report['people'], found = judge_recording(rig, sample, read.up, offsets, people)
        problems += found
        report['judgement'].update(_by_people(report['people']))
    # Of two that say the same, people know better than the cameras alone.
    problems += not_refuted(inspection.problems, report.get('people', {}), problems)
    problems = each_once(at_any_scale(problems) if any_scale else problems)
    whole = not any(p.topic in ('reading', 'unit', 'orientation', 'place') for p in problems)
    space = inspection.space if whole and len(rig) > 1 else None
    report['space'] = None if space is None else describe_space(rig, space)
    report['problems'] = [_plain(p) for p in problems if not p.warning]
    report['warnings'] = [_plain(p) for p in problems if p.warning]
    report['ok'] = not report['problems']
    return report, rig


def _outside(detections: Detections, rig: CameraRig, path: PathLike) -> list[Problem]:
    """Keypoints that cannot be pixels of these cameras."""
    sized = [camera for camera in rig if camera.size is not None]
    if not sized:
        return []
    try:
        check_pixels(detections, CameraRig(tuple(sized)), path)
    except FileFormatError as error:
        return [Problem('keypoints', str(error))]
    return []


def _by_people(people: dict[str, Any]) -> dict[str, str]:
    """Evidence from people, a sentence for each thing that they can tell."""
    evidence = {}
    if people.get('disagreement') is not None:
        evidence['reprojection'] = (
            f"mean {people['disagreement']:.1%} of the person's size, over {people['frames']} "
            'frames'
        )
    if people.get('up') is not None:
        x, y, z = people['up']
        evidence['orientation by people'] = (
            f'bodies of {counted(people["people"], "person", "people")} point along '
            f'({x:.2f}, {y:.2f}, {z:.2f})'
        )
    if people.get('limbs_mm'):
        evidence['unit'] = 'people have ' + ', '.join(
            f'{limb} {length:.3g} mm' for limb, length in people['limbs_mm'].items()
        )
    if people.get('floor_mm') is not None:
        evidence['floor'] = f'feet stand on z = {people["floor_mm"]:.0f} mm'
    return evidence


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        'topic': problem.topic,
        'sentence': problem.sentence,
        'cameras': list(problem.cameras),
    }
