"""A skeleton in a JSON file: by its name, or with its joints where the name is not known."""

from __future__ import annotations

from typing import Any

from mmpose_ours.errors import InputError
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import Place
from mmpose_ours.io.numbers import is_number
from mmpose_ours.structures.metainfo import MAX_JOINTS, MAX_LIMBS, MAX_NAME
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS

KEYS = ('name', 'joints', 'limbs', 'root', 'pairs', 'sigmas')


def to_json(skeleton: Skeleton) -> Any:
    """The name of a known skeleton; of another one a dictionary of its parts."""
    if SKELETONS.get(skeleton.name) == skeleton:
        return skeleton.name
    data: dict[str, Any] = {'name': skeleton.name, 'joints': list(skeleton.joints)}
    for key in KEYS[2:]:
        value = getattr(skeleton, key)
        if value:
            data[key] = [list(part) if isinstance(part, tuple) else part for part in value]
    return data


def from_json(data: Any, place: Place) -> Skeleton:
    """The reverse of :func:`to_json`.

    Raises:
        FileFormatError: It is something else.
    """
    if isinstance(data, str):
        if data not in SKELETONS:
            raise place.error(
                f'is {show(data)}',
                f'one of {", ".join(SKELETONS)}',
                value=data,
                wanted=list(SKELETONS),
                code='unknown-name',
            )
        return SKELETONS[data]
    if type(data) is not dict or not {'name', 'joints'} <= data.keys() <= set(KEYS):
        raise place.error(
            f'is {show(data)}', 'the name of a skeleton, or its name and joints', value=data
        )
    joints = _texts(data['joints'], MAX_JOINTS, place['joints'])
    pairs = {
        key: tuple(
            _pair(pair, place[key]) for pair in _items(data.get(key, []), MAX_LIMBS, place[key])
        )
        for key in ('limbs', 'pairs')
    }
    root = _texts(data.get('root', []), MAX_JOINTS, place['root'])
    sigmas = data.get('sigmas')
    if sigmas is not None and not all(map(is_number, _items(sigmas, MAX_JOINTS, place['sigmas']))):
        raise place['sigmas'].error('holds something else', 'a number per joint', value=sigmas)
    name = _texts([data['name']], 1, place['name'])[0]
    try:
        return Skeleton(
            name,
            joints,
            pairs['limbs'],
            root,
            pairs['pairs'] if 'pairs' in data else None,
            None if sigmas is None else tuple(map(float, sigmas)),
        )
    except InputError as error:
        raise place.refused(error) from error


def _items(values: Any, most: int, place: Place) -> list[Any]:
    if type(values) is not list or len(values) > most:
        raise place.error(
            f'is {show(values)}',
            f'a list of at most {most}',
            value=values,
            wanted=most,
            code='out-of-range' if type(values) is list else None,
        )
    return values


def _texts(values: Any, most: int, place: Place) -> tuple[str, ...]:
    for value in _items(values, most, place):
        if type(value) is not str or not 0 < len(value) <= MAX_NAME:
            raise place.error(
                f'has {show(value)}',
                f'names of at most {MAX_NAME} characters',
                value=value,
                wanted=MAX_NAME,
                code='out-of-range' if type(value) is str else None,
            )
    return tuple(values)


def _pair(values: Any, place: Place) -> tuple[str, str]:
    if type(values) is not list or len(values) != 2:
        raise place.error(f'has {show(values)}', 'pairs of joints', value=values)
    first, second = _texts(values, 2, place)
    return first, second
