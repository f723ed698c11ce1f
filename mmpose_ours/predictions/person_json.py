"""People as JSON: what a file in the Predictions format holds per frame, checked value by value.

People are nearly all of such a file, and ``jsonschema`` would take minutes over them. These
loops accept exactly what ``schemas/predictions.schema.json`` accepts, and hold the numbers of
people and joints against each other, which no schema can.
"""

from __future__ import annotations

import math
from typing import Any, Sequence, Union

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.limits import limits
from mmpose_ours.io.numbers import MAX_WHOLE, is_number, is_whole, whole_number
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton

FrameId = Union[int, str]


def frame_id(key: FrameId) -> FrameId:
    """The id behind a JSON key: a number where it is at most 15 digits (``'000350'`` is 350)."""
    number = whole_number(str(key))
    return str(key) if number is None else number


def bad(
    path: PathLike, where: str, expected: str, found: Any, code: str | None = None
) -> FileFormatError:
    """The error that something else stands in a file than should."""
    shown = show(found)
    return FileFormatError(
        f'{path}: {where}: expected {expected}, found {shown}',
        code=code,
        file=path,
        found=shown,
        expected=expected,
    )


def _misfit(listed: Any) -> str:
    """The code of what should be a list of another length."""
    return 'wrong-shape' if isinstance(listed, list) else 'file-format'


def parse_people(path: PathLike, where: str, people: Any, joints: Skeleton | str) -> np.ndarray:
    """The people of one frame.

    Args:
        path: The file, for messages.
        where: JSON path of the frame.
        people: What stands there.
        joints: The skeleton, or its name.

    Returns:
        (P, J, 4): x, y, z in the file's unit and axes, and score; NaN where missing or not given.

    Raises:
        FileFormatError: It is not a list of people of that skeleton.
    """
    if not isinstance(people, list):
        raise bad(path, where, 'a list of people', people)
    limits().check('people_per_view', len(people), 'people in one frame', path)
    skeleton = as_skeleton(joints)
    rows = [_person(path, f'{where}[{i}]', person, skeleton) for i, person in enumerate(people)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(skeleton), 4)


def _person(path: PathLike, where: str, person: Any, skeleton: Skeleton) -> list[list[float]]:
    """One person as J rows of x, y, z, score; NaN where missing or not given."""
    count = len(skeleton)
    if not isinstance(person, list):
        raise bad(path, where, f'a list of {count} joints', person)
    if len(person) != count:
        raise FileFormatError(
            f'{path}: {where}: {skeleton.name} has {count} joints, found {len(person)}; '
            'correct "joints" or write null for a missing joint',
            code='wrong-shape',
            file=path,
            found=len(person),
            expected=count,
        )
    rows = []
    for index, joint in enumerate(person):
        if joint is None:
            rows.append([math.nan] * 4)
        elif isinstance(joint, list) and len(joint) in (3, 4) and all(map(is_number, joint)):
            rows.append([*joint, *[math.nan] * (4 - len(joint))])
        else:
            expected = '[x, y, z], [x, y, z, score] or null'
            raise bad(path, f'{where}[{index}]', expected, joint)
    return rows


def parse_scores(path: PathLike, where: str, listed: Any, people: np.ndarray) -> np.ndarray:
    """How sure each person of a frame is.

    Args:
        path: The file, for messages.
        where: JSON path of the scores.
        listed: What stands there; None where nothing does.
        people: (P, J, 4) of :func:`parse_people`.

    Returns:
        (P,) the entry (its mean over the joints present, where it is a list), else the mean of
        the joints' own scores, else 1.

    Raises:
        FileFormatError: It is not a list of one number, or one per joint, for each person.
    """
    if listed is None:
        return np.array([_mean(person[:, 3]) for person in people])
    if not isinstance(listed, list) or len(listed) != len(people):
        expected = f'{len(people)} scores, one per person'
        raise bad(path, where, expected, listed, _misfit(listed))
    scores = []
    for index, (entry, person) in enumerate(zip(listed, people)):
        if is_number(entry):
            scores.append(float(entry))
        elif (
            isinstance(entry, list)
            and len(entry) == len(person)
            and all(value is None or is_number(value) for value in entry)
        ):
            values = np.array(entry, dtype=np.float64)
            scores.append(_mean(values[np.isfinite(person[:, :3]).all(-1)]))
        else:
            expected = f'a number or {len(person)} numbers'
            raise bad(path, f'{where}[{index}]', expected, entry, _misfit(entry))
    return np.array(scores, dtype=np.float64)


def parse_counts(
    path: PathLike,
    where: str,
    listed: Any,
    people: int,
    once: bool = False,
    most: int = MAX_WHOLE - 1,
) -> np.ndarray:
    """Whole numbers from 0 on, one per person of a frame.

    Args:
        path: The file, for messages.
        where: JSON path of the numbers.
        listed: What stands there.
        people: How many people the frame has.
        once: Whether each number may be there only once, as track IDs are.
        most: The largest number.

    Returns:
        (P,) integers.

    Raises:
        FileFormatError: It is something else.
    """
    if (
        not isinstance(listed, list)
        or len(listed) != people
        or not all(is_whole(value) and value <= most for value in listed)
        or (once and len(set(listed)) < people)
    ):
        wrong = (
            [value for value in listed if not is_whole(value) or value > most]
            if (isinstance(listed, list))
            else []
        )
        expected = (
            f'{people} whole numbers from 0 to {most}{", each once" if once else ""}, one '
            'per person'
        )
        if wrong:
            code = 'out-of-range' if type(wrong[0]) is int else 'file-format'
            raise bad(path, where, expected, wrong[0], code)
        twice = isinstance(listed, list) and len(listed) == people
        raise bad(path, where, expected, listed, 'duplicate' if twice else _misfit(listed))
    return np.array(listed, dtype=np.int64)


def parse_spread(path: PathLike, where: str, listed: Any, people: int, joints: int) -> np.ndarray:
    """Standard deviations in mm of all joints of a frame.

    Returns:
        (P, J), NaN where null.

    Raises:
        FileFormatError: It is not a list of one list per person of one number or null per joint.
    """
    if not isinstance(listed, list) or len(listed) != people:
        raise bad(path, where, f'{people} lists, one per person', listed, _misfit(listed))
    for index, entry in enumerate(listed):
        if (
            not isinstance(entry, list)
            or len(entry) != joints
            or not all(value is None or (is_number(value) and value >= 0) for value in entry)
        ):
            expected = f'{joints} numbers of 0 or more, or null'
            fits = isinstance(entry, list) and len(entry) == joints
            code = 'out-of-range' if fits else _misfit(entry)
            raise bad(path, f'{where}[{index}]', expected, entry, code)
    return np.array(listed, dtype=np.float64).reshape(people, joints)


def _mean(values: Sequence[float]) -> float:
    """Mean of the numbers given; 1 for none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else 1.0
