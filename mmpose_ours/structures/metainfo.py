"""Skeletons out of MMPose's ``METAINFO``: any joints, of people, animals or things.

A file of ``configs/_base_/datasets`` is read as data, and none of it runs. A dictionary may be what
stands there (``dataset_info``), or what MMPose makes of it (``model.dataset_meta``, and
``meta_info`` in the files that its demos write).

Source: MMPose 1.3.2, ``mmpose/datasets/datasets/utils.py:parse_pose_metainfo``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place
from mmpose_ours.io.numbers import is_number
from mmpose_ours.io.parsers.config_data import read_config_data
from mmpose_ours.structures.joint_names import plain_joints
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS

# More joints than any detector has; each person of a file has so many.
MAX_JOINTS = 1000
MAX_LIMBS = 10_000
MAX_NAME = 100

# What may name the joints of a dictionary.
_NAMED = ('keypoint_info', 'keypoint_id2name', 'keypoint_name2id')
# MMPose's datasets whose skeleton has another name here.
_DATASETS = {
    'coco': 'coco17', 'ochuman': 'coco17', 'Human-Art': 'coco17', 'h36m': 'h36m17',
    'mpi_inf_3dhp': 'mpi_inf_3dhp17', 'mpii': 'mpii16', 'crowdpose': 'crowdpose14',
    'aic': 'aic14', 'halpe': 'halpe136', 'coco_openpose': 'coco18',
    'panoptic_pose_3d': 'panoptic19', 'campus': 'campus14', 'shelf': 'campus14',
}  # fmt: skip


def read_metainfo(path: PathLike) -> Skeleton:
    """Read a skeleton from a file of MMPose's ``configs/_base_/datasets``.

    Args:
        path: The Python file; it assigns ``dataset_info`` (or ``METAINFO``).

    Raises:
        FileFormatError: It holds no such thing, or does more than to assign plain values.
        OSError: It cannot be read.
    """
    data = read_config_data(path)
    for name in ('dataset_info', 'METAINFO', 'metainfo'):
        if isinstance(data.get(name), dict):
            return skeleton_of(data[name], Place(path, name))
    raise Place(path).error(
        'assigns no dataset_info',
        "dataset_info = dict(keypoint_info={0: dict(name='nose')})",
        value=list(data),
        wanted='dataset_info',
        code='missing-value',
    )


def stated_skeleton(metainfo: Any, place: Place) -> Skeleton | None:
    """The skeleton that a file states, by the names of its joints, or else by its dataset.

    Args:
        metainfo: As of :func:`skeleton_of`; parts of it may be missing.
        place: Where it stands, for messages.

    Returns:
        None where it names neither joints nor a dataset that is known.

    Raises:
        FileFormatError: The names are something else.
    """
    if not isinstance(metainfo, Mapping):
        return None
    if any(metainfo.get(key) for key in _NAMED):
        return skeleton_of(metainfo, place)
    name, count = metainfo.get('dataset_name'), metainfo.get('num_keypoints')
    known = SKELETONS.get(_DATASETS.get(name, name)) if isinstance(name, str) else None
    return None if known is None or count not in (None, len(known)) else known


def skeleton_of(metainfo: Any, place: Place) -> Skeleton:
    """The skeleton of a dictionary.

    Args:
        metainfo: ``{'dataset_name', 'keypoint_info', 'skeleton_info', 'sigmas'}``, or MMPose's
            parsed form with ``keypoint_id2name`` (or only ``keypoint_name2id``; dictionaries, or
            lists of names), ``skeleton_links`` and ``flip_pairs``.
        place: Where it stands, for messages.

    Returns:
        A skeleton that this package knows, where the joints are the same; else a new one, with
        a person's joints under the names of this package.

    Raises:
        FileFormatError: It is something else.
    """
    if not isinstance(metainfo, Mapping):
        raise place.error(f'is {show(metainfo)}', 'a dictionary with keypoint_info', value=metainfo)
    name = _text(metainfo.get('dataset_name', 'unnamed'), place['dataset_name'])
    if 'keypoint_info' in metainfo:
        infos = _by_number(metainfo['keypoint_info'], place['keypoint_info'])
        joints = [_joint(info, place['keypoint_info']) for info in infos]
        links = _links(metainfo.get('skeleton_info', {}), place['skeleton_info'])
        limbs = [_pair(_get(link, 'link'), joints, place['skeleton_info']) for link in links]
        swaps = [(joint, _get(info, 'swap')) for joint, info in zip(joints, infos)]
        pairs = [
            _pair((joint, swap), joints, place['keypoint_info']) for joint, swap in swaps if swap
        ]
    else:
        joints = _joint_names(metainfo, place)
        limbs, pairs = (
            [_pair(pair, joints, place[key]) for pair in _links(metainfo.get(key, ()), place[key])]
            for key in ('skeleton_links', 'flip_pairs')
        )
    ours = plain_joints(joints)
    known = known_skeleton(ours)
    if known is not None:
        return known
    renamed = dict(zip(joints, ours))
    # METAINFO names each pair twice, from either joint.
    first_before_second = (
        (a, b) if joints.index(a) < joints.index(b) else (b, a) for a, b in pairs
    )
    once = tuple((renamed[a], renamed[b]) for a, b in dict.fromkeys(first_before_second))
    ends = tuple((renamed[a], renamed[b]) for a, b in limbs)
    sigmas = metainfo.get('sigmas')
    if sigmas is not None:
        listed = _values(sigmas, place['sigmas'])
        sigmas = tuple(map(float, listed)) if all(map(is_number, listed)) else None
        sigmas = sigmas if sigmas is not None and len(sigmas) == len(joints) else None
    try:
        return Skeleton(name, ours, ends, _root(ours), once, sigmas)
    except InputError as error:
        raise place.refused(error) from error


def _links(listed: Any, place: Place) -> list[Any]:
    """The limbs or the pairs of a dictionary, of which there may be so many."""
    links = _values(listed, place)
    if len(links) > MAX_LIMBS:
        raise place.error(
            f'has {len(links)} links',
            f'at most {MAX_LIMBS}',
            value=len(links),
            wanted=MAX_LIMBS,
            code='out-of-range',
        )
    return links


def known_skeleton(joints: Sequence[str]) -> Skeleton | None:
    """The skeleton of this package that has these joints in this order, if there is one."""
    return next((s for s in SKELETONS.values() if s.joints == tuple(joints)), None)


def find_skeleton(name_or_file: PathLike) -> Skeleton:
    """A skeleton by its name, or from a file of MMPose's ``METAINFO``.

    Raises:
        FileFormatError: The file holds no skeleton.
        InputError: There is neither a skeleton nor a file of that name.

    Examples:
        >>> find_skeleton('halpe26').joints[17:20]
        ('head', 'neck', 'mid_hip')
    """
    if str(name_or_file) in SKELETONS:
        return SKELETONS[str(name_or_file)]
    if Path(name_or_file).is_file():
        return read_metainfo(name_or_file)
    raise InputError(
        f'{str(name_or_file)!r} is neither a skeleton ({", ".join(SKELETONS)}) nor a file of '
        "MMPose's METAINFO",
        code='unknown-name',
        found=str(name_or_file),
        expected=list(SKELETONS),
    )


def _root(joints: Sequence[str]) -> tuple[str, ...]:
    """The hips, where there are any."""
    for root in (('mid_hip',), ('left_hip', 'right_hip'), ('root',), ('pelvis',)):
        if set(root) <= set(joints):
            return root
    return ()


def _joint_names(metainfo: Mapping[str, Any], place: Place) -> list[str]:
    """The names in ``keypoint_id2name``, else in ``keypoint_name2id``, in the order of joints."""
    key = 'keypoint_id2name'
    names = metainfo.get(key)
    if not names and metainfo.get('keypoint_name2id'):
        key = 'keypoint_name2id'
        names = metainfo[key]
        if isinstance(names, Mapping):
            numbers = _by_number(dict(zip(map(show, names.values()), names)), place[key])
            return [_text(name, place[key]) for name in numbers]
    if isinstance(names, (list, tuple)):
        names = dict(enumerate(names))
    return [_text(name, place[key]) for name in _by_number(names, place[key])]


def _by_number(values: Any, place: Place) -> list[Any]:
    """The values of a dictionary with the keys 0, 1, 2, ... (as numbers or texts), in order."""
    if not isinstance(values, Mapping) or not 0 < len(values) <= MAX_JOINTS:
        known = isinstance(values, Mapping)
        raise place.error(
            f'has {len(values)} joints' if known else f'is {show(values)}',
            f'1 to {MAX_JOINTS} joints by number',
            value=len(values) if known else values,
            wanted=(1, MAX_JOINTS),
            code='out-of-range' if known else None,
        )
    by_key = {str(key): value for key, value in values.items()}
    if set(by_key) != set(map(str, range(len(values)))):
        raise place.error(
            f'has the keys {show(list(values))}',
            f'0 to {len(values) - 1}',
            value=list(values),
            wanted=(0, len(values) - 1),
        )
    return [by_key[str(index)] for index in range(len(values))]


def _values(values: Any, place: Place) -> list[Any]:
    if isinstance(values, Mapping):
        return list(values.values())
    if isinstance(values, np.ndarray):
        return list(values.tolist())
    if not isinstance(values, (list, tuple)):
        raise place.error(f'is {show(values)}', 'a list or a dictionary', value=values)
    return list(values)


def _get(values: Any, key: str) -> Any:
    return values.get(key) if isinstance(values, Mapping) else None


def _joint(info: Any, place: Place) -> str:
    return _text(_get(info, 'name'), place['name'])


def _text(value: Any, place: Place) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        raise place.error(
            f'is {show(value)}',
            f'a name of at most {MAX_NAME} characters',
            value=value,
            wanted=MAX_NAME,
            code='out-of-range' if isinstance(value, str) else None,
        )
    return value


def _pair(pair: Any, joints: Sequence[str], place: Place) -> tuple[str, str]:
    """Two joints by name or number."""
    ends: list[Any] = list(pair) if isinstance(pair, (list, tuple)) and len(pair) == 2 else ['', '']
    names = [joints[end] if type(end) is int and 0 <= end < len(joints) else end for end in ends]
    if not all(isinstance(name, str) and name in joints for name in names):
        raise place.error(
            f'has {show(pair)}',
            'pairs of its joints',
            value=pair,
            wanted=list(joints),
            code='unknown-name' if len(ends) == 2 and ends != ['', ''] else None,
        )
    return names[0], names[1]
