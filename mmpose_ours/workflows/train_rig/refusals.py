"""The errors that stop ``train-rig``; each names the one option or command that gets past it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any, Iterator, Mapping

from mmpose_ours.calibration import check_space, fit_space
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.camera_choice import choose_cameras
from mmpose_ours.calibration.checks.orientation import judge_orientation
from mmpose_ours.calibration.checks.sanity import check_rig
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.calibration.world_axes import Z_UP_FROM
from mmpose_ours.errors import FileFormatError, InputError, LimitError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.io.disk.locks import InUseError
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.workflows.train_rig.job import Site
from mmpose_ours.workflows.train_rig.stock_scripts import StockError, shown

TRUST, NO_KEYPOINTS = '--trust-calibration', '--no-keypoints'
# Values of options that only the user knows.
ANY_CALIBRATION, ANY_SIZE = 'CALIBRATION', 'WxH'
# Arguments of the reading of a calibration, and their options.
READING = {'image_size': '--image-size', 'unit': '--unit', 'up': '--up', 'from': '--rig-format',
           'extrinsics': '--extrinsics', 'translation': '--translation'}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Fix:
    """How to get past an error of ``train-rig``.

    Args:
        option: An option, with its values, to add to the call, or to give instead of the same
            option with other values.
        without: Options to omit.
        command: A command to run before the next call.
        instead: Whether ``command`` replaces the next call.
    """

    option: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    instead: bool = False

    def __str__(self) -> str:
        changes = [f'with `{shown(self.option)}`'] if self.option else []
        changes += [f'without `{" ".join(self.without)}`'] if self.without else []
        again = f'call this again {" and ".join(changes)}'.rstrip()
        if not self.command:
            return again
        run = f'run `{shown(self.command)}`'
        return f'{run} instead' if self.instead else f'{run}, then {again}'


class RefusedError(InputError):
    """``train-rig`` cannot go on.

    Args:
        message: What was found.
        fix: How to get past it; the sentence ends with it.
    """

    def __init__(self, message: str, *, fix: Fix | None = None, **fields: Any):
        super().__init__(f'{message}; {fix}' if fix else message, **fields)
        self.fix = fix


NO_FIX = (LimitError, InUseError, RefusedError)  # their sentences have their own


def free_path(path: Path) -> Path:
    """A path beside another that does not exist, or this one."""
    names = itertools.chain([path], (path.with_name(f'{path.stem}_{n}{path.suffix}')
                                     for n in itertools.count(2)))  # fmt: skip
    return next(name for name in names if not os.path.lexists(name))


@contextlib.contextmanager
def refusals_of(site: Site, step: str, only: bool = False, goes_on: bool = False) -> Iterator[None]:
    """Give each error of a step the fix for it.

    Args:
        site: What is trained for.
        step: The step.
        only: Whether the call has the option ``--only``.
        goes_on: Whether the step continues what an interrupted one left.
    """
    try:
        yield
    except NO_FIX:
        raise
    except (InputError, OSError) as error:
        fix = _fix(error, site, step, only, goes_on)
        if fix is None:
            raise
        raise refused(error, fix) from error


def refused(error: InputError | OSError, fix: Fix) -> RefusedError:
    """The same error, with a fix in place of what its sentence advises."""
    if isinstance(error, StockError):
        return error.reworded(RefusedError, str(error), fix=fix)
    if isinstance(error, InputError):
        return error.reworded(RefusedError, str(error).partition('; ')[0], fix=fix)
    name, reason = error.filename, error.strerror
    message = f'{name}: {reason}' if reason else str(error).partition('; ')[0]
    code = 'conflict' if isinstance(error, FileExistsError) else 'no-data'
    return RefusedError(message, code=code, file=name, fix=fix)


def _fix(
    error: InputError | OSError, site: Site, step: str, only: bool, goes_on: bool
) -> Fix | None:
    if isinstance(error, StockError):
        command = ('mmpose-ours', 'doctor')
        return Fix(('--from', step)) if goes_on else Fix(command=command)
    file = error.file if isinstance(error, InputError) else error.filename
    if isinstance(error, OSError) and not isinstance(error, (FileNotFoundError, FileExistsError)):
        return None  # what the system refuses, a full disk for example
    at = None if file is None else Path(file).resolve()
    if at is not None and site.keypoints is not None and at == site.keypoints.resolve():
        return _fix_of_keypoints(error, site.keypoints, site.folder)
    if at is not None and site.work_dir.resolve() in at.parents:
        return _fix_of_results(error, at.relative_to(site.work_dir.resolve()), step)
    if only and step != 'init' and not site.rig_file.is_file():
        return Fix(without=('--only',))
    if isinstance(error, CalibrationError) or at == site.rig_file.resolve():
        return calibration_fix(error, site)
    if isinstance(error, InputError) and error.code == 'missing-value' and error.camera is not None:
        return calibration_fix(error, site)
    return None


def _fix_of_keypoints(error: InputError | OSError, path: Path, folder: Path) -> Fix:
    """To name the skeleton, where the people tell it; else to do without keypoints."""
    if getattr(error, 'code', None) == 'ambiguous' and getattr(error, 'expected', '') in SKELETONS:
        out = str(free_path(folder / 'keypoints_2d.json'))
        words = ('keypoints', str(path), out, '--skeleton', str(getattr(error, 'expected', '')))
        return Fix(('--keypoints', out), command=('mmpose-ours', *words))
    return Fix((NO_KEYPOINTS,))


def _fix_of_results(error: InputError | OSError, path: Path, step: str) -> Fix:
    """The step that writes a file of the work directory again."""
    if path.name == 'train_rig.json':
        if not isinstance(error, FileFormatError):
            return Fix(without=('--only',))  # a step before was never done
        return Fix(('--from', str(error.found or step)))
    folders = {'train': 'train', 'timing': 'train', 'test': 'test', 'detector.json': 'noise'}
    return Fix(('--from', folders.get(path.parts[0], step)))


def calibration_fix(error: InputError | OSError, site: Site) -> Fix:
    """The fix for a calibration that was refused, the first of these that works.

    Other cameras, an image size, another format, unit or axis that points up, no checks; and where
    none of them is enough, another calibration.

    Args:
        error: The refusal.
        site: What is trained for.
    """
    code = getattr(error, 'code', None)
    expected, found = getattr(error, 'expected', None), getattr(error, 'found', None)
    if code == 'missing-value' and isinstance(expected, list) and isinstance(found, list):
        return Fix(('--cameras', *map(str, expected)))  # these are calibrated
    if code in ('unknown-camera', 'duplicate') and site.cameras:
        return Fix(without=('--cameras',))
    if code == 'missing-value' and _lacks_sizes(site):
        return Fix(('--image-size', ANY_SIZE))
    source = site.source or (str(site.rig_file),)
    other = str(free_path(Path(f'{site.folder}_calibration.json')))
    convert = ('mmpose-ours', 'convert-calibration', *source, other, '--to', 'panoptic')
    options = reading_options(site)  # what is converted is read without them
    if code == 'cannot-express':
        return Fix(('--rig', other), options, (*convert, *site.reading, '--approximate'))
    if code == 'unsafe':
        rename = f'{found}={_plain_name(str(found))}'
        return Fix(('--rig', other), options, (*convert, *site.reading, '--rename', rename))
    if site.cameras and _works(_rig(site, all_cameras=True), False):
        return Fix(without=('--cameras',))
    for name, option in READING.items():
        if name in _reading(site) and _works(_rig(site, {name: None}), False):
            return Fix(without=(option,))
    for name, values in (('unit', MM_PER_UNIT), ('up', Z_UP_FROM)):
        fits = [value for value in values if _works(_rig(site, {name: value}), False)]
        if len(fits) == 1:
            return Fix((READING[name], fits[0]))
    if not site.trust and _works(_rig(site), True):
        return Fix((TRUST,))
    return Fix(('--rig', ANY_CALIBRATION))


def _lacks_sizes(site: Site) -> bool:
    """Whether the calibration can be read, but for the size of images."""
    given = _rig(site)
    if given is not None:
        return any(camera.size is None for camera in given)
    return _rig(site, {'image_size': '20000x20000'}) is not None


def _plain_name(name: str) -> str:
    kept = ''.join(c if c.isascii() and (c.isalnum() or c in '-_') else '_' for c in name)
    return f'camera_{kept.strip("_")[:20]}'


def reading_options(site: Site) -> tuple[str, ...]:
    """The options of a call that say how to read the calibration."""
    return tuple(READING[name] for name in _reading(site))


def _reading(site: Site) -> dict[str, str]:
    """How to read the calibration, by argument."""
    words = [word[2:].partition('=') for word in site.reading if word.startswith('--')]
    said: dict[str, str] = {}
    for name, equals, value in words:
        argument = name.replace('-', '_')
        if equals:  # several sizes, a line each
            said[argument] = f'{said[argument]}\n{value}' if argument in said else value
    return said


def _sizes(said: str | None) -> ImageSizes | None:
    """Image sizes as the options gave them."""
    sizes: dict[str | None, tuple[int, int]] = {}
    for line in (said or '').splitlines():
        name, equals, size = line.rpartition('=')
        width, height = (int(side) for side in re.findall(r'\d+', size)[:2])
        sizes[name if equals else None] = width, height
    return sizes or None


def _rig(
    site: Site, changes: Mapping[str, str | None] = MappingProxyType({}), all_cameras: bool = False
) -> CameraRig | None:
    """The rig under another reading, without its checks; None where it cannot be read."""
    said = {**_reading(site), **changes}
    try:
        read = read_calibration(
            list(site.source) or site.rig_file,
            said.get('from') or 'auto',
            unit=said.get('unit'),
            up=said.get('up'),
            image_size=_sizes(said.get('image_size')),
            extrinsics=said.get('extrinsics'),
            translation=said.get('translation'),
        )
        cameras = None if all_cameras else site.cameras
        return choose_cameras(read.rig, read.uncalibrated, cameras, read.path, read.rigs)
    except (InputError, OSError):
        return None


def _works(rig: CameraRig | None, any_scale: bool) -> bool:
    """Whether the steps up to the training accept a rig, with or without its checks."""
    if rig is None:
        return False
    try:
        check_rig(rig, any_scale=any_scale)
        check_space(rig, fit_space(rig))
    except InputError:
        return False
    leaning = None if any_scale else judge_orientation(rig)[1]
    return leaning is None or leaning.warning
