"""Whether a rig is right by its calibration alone: what ``check-rig`` says, and what is written."""

from __future__ import annotations

from typing import Sequence

from mmpose_ours.calibration.checks.rig_report import RigInspection
from mmpose_ours.calibration.checks.sanity import Problem, refusal
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.text import argument

# The order in which causes come before their consequences.
TOPICS = ('count', 'names', 'place', 'size', 'resolution', 'reading', 'mirrored', 'unit',
          'orientation', 'keypoints', 'rate', 'sides', 'synchronisation', 'camera', 'view', 'floor',
          'lens', 'reprojection', 'images', 'people')  # fmt: skip
# What is judged of a rig that is not one around people.
AT_ANY_SCALE = ('count', 'names', 'place', 'size', 'resolution', 'lens', 'images')


def each_once(problems: Sequence[Problem]) -> list[Problem]:
    """By importance; of several that say the same of the same cameras the first."""
    problems = sorted(problems, key=lambda p: (p.warning, TOPICS.index(p.topic)))
    seen: set = set()
    kept = []
    for problem in problems:
        # A rig turned upside down is so for horizons and people alike.
        key = (problem.topic, problem.cameras)
        if key not in seen:
            kept.append(problem)
        seen.add(key)
    return kept


def refuse_wrong(
    rig: CameraRig,
    path: PathLike,
    unit: str,
    up: str,
    *,
    space: CaptureVolume | None = None,
    any_scale: bool = False,
    force: bool = False,
    more: Sequence[Problem] = (),
) -> list[Problem]:
    """Refuse a rig that ``check-rig`` would call wrong by its calibration alone.

    Args:
        rig: Cameras in millimetres, z up.
        path: The file that it comes from.
        unit: The unit of lengths in that file.
        up: The axis that points up in it.
        space: The capture volume; None fits it to the cameras.
        any_scale: Whether the rig need not be one around people.
        force: Whether it is to be used all the same.
        more: Problems that were found already.

    Returns:
        The warnings; with ``force`` the problems too, first.

    Raises:
        CalibrationError: Something is wrong with it, and nobody said ``force``.
    """
    problems = each_once([*more, *RigInspection(rig, unit, up, space).problems])
    if any_scale:
        problems = [problem for problem in problems if problem.topic in AT_ANY_SCALE]
    for problem in problems:
        if not problem.warning and not force:
            raise refusal(
                problem, path, f'or write the rig all the same with {argument("force", True)}'
            )
    return problems
