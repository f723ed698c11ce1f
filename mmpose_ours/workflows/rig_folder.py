"""A data folder for a rig, ready to train on: calibration, image folders, configs, image.

What is written is laid out as the dataset ``OursDataset`` reads it; the last step reads it back
as that dataset will.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

from mmpose_ours.calibration import check_space, coverage, read_rig
from mmpose_ours.calibration.checks.sanity import check_file_names
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats import panoptic as target_format
from mmpose_ours.calibration.space_of_file import space_line
from mmpose_ours.calibration.writing import write_rig
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.config_text import OWN_FOLDER, OWN_FOLDER_IMPORTS, assigned, literal
from mmpose_ours.io.disk.files import temporary_folder, write_files_whole
from mmpose_ours.io.disk.locks import hold_folder
from mmpose_ours.io.terminal import shell_path
from mmpose_ours.text import argument, counted

RIG_FILE, README_FILE, IMAGE_FILE = 'camera_parameters.json', 'README.txt', 'rig.png'
# The recommended config first; what each is, and the last epoch that it trains for.
PRIOR_CONFIG, FAST_CONFIG = 'keypoint_prior_ours.py', 'faster_voxelpose_ours.py'
CONFIGS = {PRIOR_CONFIG: ('learned prior', 5), FAST_CONFIG: ('fast voxel model', 10)}
BOX_WEIGHTS = 'mmpose-ours://keypoint_prior'


def init_rig(
    folder: PathLike,
    rig: CameraRig,
    space: CaptureVolume,
    *,
    source: PathLike,
    any_scale: bool = False,
    force: bool = False,
) -> list[str]:
    """Write calibration, image folders, configs, README and image of a rig.

    Args:
        folder: The data folder, made where it is missing.
        rig: V cameras with image sizes and lenses that Panoptic JSON holds.
        space: Their capture volume.
        source: Where the rig comes from; may be the folder's own ``camera_parameters.json``.
        any_scale: Whether the rig need not be one around people.
        force: Whether existing files may be replaced.

    Returns:
        What was written, and what could not be, a line each.

    Raises:
        CalibrationError: Panoptic JSON cannot hold the rig, or what was written does not pass
            its check.
        FileExistsError: One of the files is there and nobody said ``force``.
        InUseError: Another program writes into the folder.
        OSError: The folder cannot be written.
    """
    folder = Path(folder)
    _check_holds(rig, source)
    _check_round_trip(rig, space, any_scale)
    with hold_folder(folder, 'data folder'):
        return _write_folder(folder, rig, space, any_scale, force)


def _write_folder(
    folder: Path, rig: CameraRig, space: CaptureVolume, any_scale: bool, force: bool
) -> list[str]:
    in_place = _is_in_place(folder / RIG_FILE, rig, any_scale)
    names = [*CONFIGS, README_FILE, IMAGE_FILE, *([] if in_place else [RIG_FILE])]
    present = [name for name in names if os.path.lexists(folder / name)]
    if present and not force:
        raise FileExistsError(
            f'{folder}: has {", ".join(sorted(present))} already; name another folder, or say '
            f'{argument("force", True)} to replace'
        )
    done = []
    for name in rig.names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not in_place:
        write_rig(rig, folder / RIG_FILE, 'panoptic')
        done.append(f'{RIG_FILE}: {counted(len(rig), "camera")} (Panoptic JSON: cm, y down)')
    else:
        done.append(f'{RIG_FILE}: left as it is, {counted(len(rig), "camera")}')
    done.append(f'{" ".join(f"{name}/" for name in rig.names)}: for their images')
    texts = {name: config_text(folder, rig, space, any_scale, name) for name in CONFIGS}
    write_files_whole(folder, {**texts, README_FILE: readme_text(folder, rig)})
    done.append(f'{PRIOR_CONFIG}: the recommended config, with the space that the cameras see')
    done.append(f'{FAST_CONFIG}: the same of the {CONFIGS[FAST_CONFIG][0]}')
    done.append(f'{README_FILE}: what goes where')
    done.append(_draw(folder / IMAGE_FILE, rig, space))
    check_space(_as_the_dataset_reads(folder / RIG_FILE, rig, any_scale), space)
    return done


def config_text(
    folder: Path,
    rig: CameraRig,
    space: CaptureVolume,
    any_scale: bool = False,
    name: str = PRIOR_CONFIG,
) -> str:
    """The config of a rig: the installed one with its cameras and its space.

    It finds the data beside itself, so that it runs from any folder.

    Args:
        folder: Where it is to lie.
        rig: V cameras.
        space: Their capture volume.
        any_scale: Whether the rig need not be one around people.
        name: Which of :data:`CONFIGS`.
    """
    seen = coverage(rig, space)
    shares = [f'{count} or more {seen[count]:.0%}' for count in range(2, min(len(rig), 4) + 1)]
    lines = [
        f'# The {CONFIGS[name][0]} for the {counted(len(rig), "camera")} of this folder, made by '
        '`mmpose-ours init`.',
        f'_base_ = [{literal(_base_config(folder, name))}]',
        '',
        *OWN_FOLDER_IMPORTS,
        '',
        f'data_root = {OWN_FOLDER}  # the folder of this file',
        'rig = dict(',
        '    data_root=data_root,',
        *assigned('rig_file', RIG_FILE, '    '),
        *assigned('cameras', list(rig.names), '    '),
        '    # Millimetres, z up. Share of it that so many cameras see:',
        f'    # {", ".join(shares)}.',
        f'    {space_line(space)}',
        *(['    any_scale=True,'] if any_scale else []),
        ')',
        'train_dataloader = dict(dataset=rig)',
        'val_dataloader = dict(dataset=rig)',
        'test_dataloader = dict(dataset=rig)',
    ]
    return '\n'.join(lines) + '\n'


def readme_text(folder: Path, rig: CameraRig) -> str:
    """What goes where in the folder, and the next commands."""
    indent = '\n' + ' ' * 28
    names = indent.join(_in_lines([f'{name},' for name in rig.names[:-1]] + [rig.names[-1]], 60))
    steps = '\n'.join(f'{what}:\n  {command}' for what, command in next_commands(folder).items())
    return f"""Data of {len(rig)} cameras, laid out for mmpose_ours

{RIG_FILE}      calibration, Panoptic JSON: centimetres, y down
<camera>/                   images of that camera; images of one frame share their
                            file name (000000.jpg, 000001.jpg, ...). The cameras:
                            {names}
keypoints_2d.json           2D keypoints, for testing. You add it; `mmpose-ours path schemas`
                            prints where its schema detections.schema.json lies
poses_3d.json               3D truth, if there is any. You add it, and name it in the config:
                            test_dataloader = dict(dataset=dict(truth_file='poses_3d.json', **rig))
{PRIOR_CONFIG}      the recommended config: cameras, and the space in which people
                            are looked for; works as it comes, and can be trained
{FAST_CONFIG}    another model, which has to be trained
{IMAGE_FILE}                     the cameras from above, in perspective and from the side

{steps}
"""


def next_commands(folder: Path) -> dict[str, str]:
    """What can be done with a folder, and the command for it from the current one."""
    config = folder / PRIOR_CONFIG
    checkpoint = Path('work_dirs') / config.stem / f'epoch_{CONFIGS[PRIOR_CONFIG][1]}.pth'
    tools = paths.share('tools')
    here = Path.cwd()
    if here in tools.parents:
        tools = tools.relative_to(here)
    train = f'python {shell_path(tools / "train.py")} {shell_path(config)}'
    test = f'python {shell_path(tools / "test.py")} {shell_path(config)}'
    return {
        'Find people by keypoints_2d.json, with the weights in the package': (
            f'{test} {BOX_WEIGHTS}'
        ),
        'Train for these cameras and judge whether that pays, in one command': (
            f'mmpose-ours train-rig {shell_path(folder)}'
        ),
        'Or train by hand, on synthetic people, without images': train,
        'and test what was trained': f'{test} {shell_path(checkpoint)}',
    }


def _in_lines(words: Sequence[str], width: int) -> list[str]:
    """Words in lines of a width, or longer where a word is; no word is broken."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f' {word}'
        else:
            lines.append(word)
    return lines


def _base_config(folder: Path, name: str) -> str:
    """The installed config: relative inside a checkout, which may move, else absolute."""
    configs = paths.share('configs')
    base = configs / 'ours' / name
    checkout = configs.parent
    if checkout == paths.PACKAGE.parent and checkout in folder.resolve().parents:
        return Path(os.path.relpath(base, folder.resolve())).as_posix()
    return base.as_posix()


def _check_holds(rig: CameraRig, source: PathLike) -> None:
    """Refuse what Panoptic JSON cannot hold, with the commands that help."""
    check_file_names(rig, path=source)
    word = shell_path(source)
    for camera in rig:
        lacks = target_format.HOLDS.lacks(camera)
        if lacks:
            raise CalibrationError(
                f'{source}: camera {camera.name!r} has {lacks}, which {RIG_FILE} cannot hold; '
                f'render pinhole images with `mmpose-ours undistort {word} IN OUT` and name '
                f'OUT/{RIG_FILE} as the rig, or refit the lens with `mmpose-ours '
                f'convert-calibration {word} refitted.json --to panoptic --approximate`, '
                'both with the reading options of this call',
                code='cannot-express',
                file=source,
                camera=camera.name,
                found=lacks,
            )


def _check_round_trip(rig: CameraRig, space: CaptureVolume, any_scale: bool) -> None:
    """Whether the rig passes its checks as written, before anything is."""
    with temporary_folder() as folder:
        path = folder / RIG_FILE
        write_rig(rig, path, 'panoptic')
        check_space(_as_the_dataset_reads(path, rig, any_scale), space)


def _as_the_dataset_reads(path: Path, rig: CameraRig, any_scale: bool) -> CameraRig:
    return read_rig(path, cameras=rig.names, any_scale=any_scale)


def _is_in_place(path: Path, rig: CameraRig, any_scale: bool) -> bool:
    """Whether the folder has a calibration that the dataset reads as just this rig."""
    if not path.is_file():
        return False
    try:
        return _as_the_dataset_reads(path, rig, any_scale).fingerprint == rig.fingerprint
    except CalibrationError:
        return False


def _draw(path: Path, rig: CameraRig, space: CaptureVolume) -> str:
    try:
        from mmpose_ours.visualization.figures.rig_sheet import write_rig_image
    except ImportError as error:
        return f'{path.name}: not drawn ({error}); `pip install matplotlib` adds what is missing'
    title = f'{counted(len(rig), "camera")} of {path.parent.name}'
    write_rig_image(path, rig, space, title)
    return f'{path.name}: the cameras from above, in perspective and from the side'
