"""Reading of any file of 3D poses as a pose bank; the format is recognised by content."""

from __future__ import annotations

import dataclasses
from typing import Callable

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.synthetic.poses.bank_files import is_bank, load_bank
from mmpose_ours.synthetic.poses.bvh_reader import record_bvh
from mmpose_ours.synthetic.poses.mocap import Recording, bank_of
from mmpose_ours.synthetic.poses.own_people import clean_people
from mmpose_ours.synthetic.poses.pose_bank import PoseBank
from mmpose_ours.synthetic.poses.smpl_joints import record_smpl
from mmpose_ours.synthetic.poses.trc_reader import record_trc

BUILT_IN = 'built-in'
_RECORDINGS: dict[str, Callable[[PathLike], Recording]] = {
    'BVH': record_bvh,
    'TRC': record_trc,
    'SMPL joints': record_smpl,
}
_BANKS: dict[str, Callable[[PathLike], tuple]] = {
    'pose bank': lambda path: (load_bank(path),),
    'pickle': lambda path: (PoseBank.from_pickle(path),),
    'predictions': clean_people,
}
# What a file may be.
KINDS = (*_RECORDINGS, *_BANKS)


@dataclasses.dataclass(frozen=True, eq=False)
class PoseSource:
    """Where poses come from.

    Args:
        name: ``built-in`` or the file.
        kind: What the file was read as.
        bank: Its poses.
        note: How it was understood, or what was left out.
    """

    name: str
    kind: str
    bank: PoseBank
    note: str = ''


def read_source(
    path: PathLike, unit: str | float | None = None, up: str | None = None
) -> PoseSource:
    """Read poses from a file of any kind that ``docs/poses.md`` names.

    Args:
        path: The file, or ``built-in`` for the built-in body model.
        unit: Of a recording (BVH, SMPL joints, TRC): ``mm``, ``cm``, ``m`` or millimetres per
            unit. None takes that of the file, or estimates it from the legs. The other kinds
            have a fixed unit.
        up: Of a recording: the axis that points up. None estimates it from the motion.

    Raises:
        FileFormatError: The file is of no known kind, or broken.
        InputError: ``unit`` or ``up`` is none.
        OSError: The file cannot be read.
    """
    name = str(path)
    if name == BUILT_IN:
        return PoseSource(name, 'bodies', PoseBank.built_in())
    kind = _kind(path)
    if kind in _RECORDINGS:
        return PoseSource(name, kind, *bank_of(_RECORDINGS[kind](path), path, unit, up))
    return PoseSource(name, kind, *_BANKS[kind](path))


def read_bank(path: PathLike) -> PoseBank:
    """The poses of a file of any kind, or of ``built-in``; see :func:`read_source`."""
    return read_source(path).bank


def _kind(path: PathLike) -> str:
    """What a file is, by how it begins."""
    with open_regular(path) as file:
        start = file.read(64)
    if start.startswith(b'PK'):
        return 'pose bank' if is_bank(path) else 'SMPL joints'
    if start.startswith(b'\x93NUMPY'):
        return 'SMPL joints'
    if start.startswith(b'\x80'):
        return 'pickle'
    text = start.lstrip(b'\xef\xbb\xbf \t\r\n')
    for word, kind in ((b'HIERARCHY', 'BVH'), (b'PathFileType', 'TRC'), (b'{', 'predictions')):
        if text.startswith(word):
            return kind
    raise FileFormatError(
        f'{path}: begins with {start[:20]!r}, expected a BVH or TRC file, SMPL joints as npy or '
        'npz, people in the Predictions format, a pickle like panoptic_training_pose.pkl, or '
        'a bank of `mmpose-ours pose-bank`; export it as one of these',
        code='file-format',
        file=path,
        found=start,
    )
