"""What is known of a scene, for the alignment of a rig with it."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.detections import Detections
from mmpose_ours.errors import PathLike
from mmpose_ours.text import argument

PARTS = ('up', 'scale', 'floor')
_SOURCES = ('up', 'horizons', 'floor_points', 'floor_pixels', 'distance', 'keypoints', 'origin')
_NAMES = {'up': 'up axis', 'scale': 'scale', 'floor': 'floor'}
# Millimetres; outside this a height is in another unit.
PERSON_HEIGHTS_MM = (300.0, 2500.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of the scene. Points are in the rig's world and unit as read.

    Args:
        up_given: Whether the argument ``up`` gives the up axis.
        unit_given: Whether the argument ``unit`` gives the unit.
        horizons: Take up from the cameras' level horizons.
        floor_points: (N, 3) points on the floor.
        floor_pixels: Camera name to pixels of points on the floor.
        distance: Two ends, each a camera's name or a point (3,), and their distance in mm.
        people: frame -> camera -> (P, 17, 3) ``u, v, score`` of people who walk about.
        people_for: What people are asked for, of ``up scale floor``; None is all they can tell.
        person_height_mm: How tall they are on average.
        scale_known: Whether the unit of the rig is known, so that the height of people does not
            change the scale.
        origin: ``('focus',)``, ``('keep',)`` or ``('camera', name)``; empty is focus where
            there is one.
        files: Where this was read from, for messages: by ``floor_pixels``, ``keypoints`` and
            ``rig``.

    Raises:
        CalibrationError: Two sources fix the same thing, which it names; or no source at all.
    """

    up_given: bool = False
    unit_given: bool = False
    horizons: bool = False
    floor_points: np.ndarray | None = None
    floor_pixels: Mapping[str, Any] | None = None
    distance: tuple[Any, Any, float] | None = None
    people: Detections | None = None
    people_for: tuple[str, ...] | None = None
    person_height_mm: float | None = None
    scale_known: bool = False
    origin: tuple[str, ...] = ()
    files: Mapping[str, PathLike] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.people is None and (self.person_height_mm is not None or self.people_for):
            asked = argument('keypoints_for' if self.people_for else 'person_height')
            raise CalibrationError(
                f'{asked} needs people; give their 2D keypoints with {argument("keypoints")}',
                code='missing-value',
                expected='keypoints',
            )
        if self.people_for and ('scale' in self.people_for) != (self.person_height_mm is not None):
            raise CalibrationError(
                'people fix the scale only if it is known how tall they are; say both '
                f'{argument("keypoints_for", ["scale"])} and {argument("person_height", 1750)}, or '
                'neither',
                code='conflict',
                found=self.people_for,
            )
        low, high = PERSON_HEIGHTS_MM
        if self.person_height_mm is not None and not low <= self.person_height_mm <= high:
            raise CalibrationError(
                f'{argument("person_height")} is {self.person_height_mm:g}, expected millimetres '
                f'between {low:g} and {high:g}, e.g. 1750',
                code='out-of-range',
                found=self.person_height_mm,
                expected=PERSON_HEIGHTS_MM,
            )
        if not any([self.source_of(part) for part in PARTS]) and not self.origin:
            raise CalibrationError(
                f'nothing says how the scene lies; give {_either(_SOURCES, "or")}',
                code='missing-value',
                expected=_SOURCES,
            )

    def source_of(self, part: str) -> str:
        """The argument that fixes ``up``, ``scale`` or ``floor``, or an empty text."""
        people_for = self.people_for or ('up', 'floor', 'scale')
        floor = {
            'floor_points': self.floor_points is not None,
            'floor_pixels': self.floor_pixels is not None,
        }
        people = {'keypoints': self.people is not None and part in people_for}
        arguments = {
            'up': {'up': self.up_given, 'horizons': self.horizons, **floor, **people},
            'scale': {
                'unit': self.unit_given,
                'distance': self.distance is not None,
                'person_height': self.person_height_mm is not None,
            },
            'floor': {**floor, **people},
        }[part]
        given = [name for name, is_given in arguments.items() if is_given]
        if len(given) > 1:
            apart = (
                f', or say with {argument("keypoints_for")} what people are for besides'
                if 'keypoints' in given
                else ''
            )
            raise CalibrationError(
                f'{_either(given, "and")} both fix the {_NAMES[part]}; leave one of them '
                f'out{apart}',
                code='conflict',
                found=given,
                expected=part,
            )
        return given[0] if given else ''


def _either(names: Sequence[str], word: str) -> str:
    """Arguments in a sentence, with ``and`` or ``or`` before the last."""
    *others, last = map(argument, names)
    return f'{", ".join(others)} {word} {last}'
