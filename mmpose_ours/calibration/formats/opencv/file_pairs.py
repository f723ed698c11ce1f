"""Two files for each camera, its intrinsics and its pose: which belong together."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Sequence

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.errors import PathLike

# What names a file of intrinsics or extrinsics, with what parts it from the camera's name.
_KIND = re.compile(r'[ _.-]*(?:in|ex)tr(?:insics?|insec|in|i)?(?![a-z])[ _.-]*', re.IGNORECASE)
_SEPARATOR = re.compile(r'[ _.-]')


def join_files(
    lenses: Sequence[Node], poses: Sequence[Node], where: PathLike
) -> list[tuple[str, Node | None, Node | None]]:
    """Pairs of files by what is left of their names without the words for their kind.

    ``intr_Camera1.xml`` and ``extr_Camera1.xml`` are of ``Camera1``, and so are
    ``intrinsic/Camera1.xml`` and ``extrinsic/Camera1.xml``, ``Camera1/intrinsics.xml`` and
    ``Camera1/extrinsics.xml``, or ``K_Camera1.xml`` and ``RT_Camera1.xml``.

    Args:
        lenses: Files with a camera matrix and no pose.
        poses: Files with a pose and no camera matrix.
        where: What messages call them together.

    Returns:
        The name of each camera, its file of intrinsics and its file of the pose, None where
        there is none; in the order of the intrinsics.

    Raises:
        CalibrationError: Two files of one kind are of the same camera.
    """
    kinds = [[Path(node.path) for node in nodes] for nodes in (lenses, poses)]
    by_word, by_part = ([naming(paths) for paths in kinds] for naming in (_by_word, _by_part))
    names = by_part if _shared(by_part) > _shared(by_word) else by_word
    intrinsics, extrinsics = (
        _by_name(of_kind, nodes, where) for of_kind, nodes in zip(names, (lenses, poses))
    )
    everyone = list(dict.fromkeys([*intrinsics, *extrinsics]))
    return [(name, intrinsics.get(name), extrinsics.get(name)) for name in everyone]


def _shared(names: Sequence[Sequence[str]]) -> int:
    """How many cameras have a file of either kind."""
    return len(set(names[0]) & set(names[1]))


def _by_word(paths: Sequence[Path]) -> list[str]:
    """Names without words such as ``intr``; the folder's where nothing else is left."""
    return [
        _KIND.sub('', path.stem) or _KIND.sub('', path.resolve().parent.name) or path.stem
        for path in paths
    ]


def _by_part(paths: Sequence[Path]) -> list[str]:
    """Names without the words at their beginning and end that all files of a kind share."""
    stems = [path.stem for path in paths]
    if len(stems) < 2:
        return stems
    start = _words(os.path.commonprefix(stems))
    end = _words(os.path.commonprefix([stem[::-1] for stem in stems]))
    return [stem[start : len(stem) - end] or stem for stem in stems]


def _words(shared: str) -> int:
    """How long the whole words with a separator behind them are."""
    return max((found.end() for found in _SEPARATOR.finditer(shared)), default=0)


def _by_name(names: Sequence[str], nodes: Sequence[Node], where: PathLike) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for name, node in zip(names, nodes):
        if name in found:
            raise CalibrationError(
                f'{where}: {found[name].path} and {node.path} are both of camera {name!r}; name '
                'one folder with the intrinsics and one with the extrinsics',
                code='ambiguous',
                file=where,
                camera=name,
                found=[str(found[name].path), str(node.path)],
            )
        found[name] = node
    return found
