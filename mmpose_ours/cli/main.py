"""The command line ``mmpose-ours``: parse, call, print.

A command is a module with ``add_arguments(parser)`` and ``run(args) -> int``, named in
:data:`COMMANDS`. Only the module of the command that is asked for is imported, so that
``mmpose-ours --help`` does not wait for torch.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from typing import Sequence

from mmpose_ours import __version__
from mmpose_ours.cli.misplaced import in_its_place
from mmpose_ours.errors import InputError
from mmpose_ours.io.programs import add_debug, guarded

# command -> (module, what it does)
COMMANDS = {
    'align-rig': (
        'mmpose_ours.cli.align_rig',
        'turn, scale and ground a calibration by what is known of the scene',
    ),
    'calibrate': (
        'mmpose_ours.cli.calibrate',
        'calibrate camera poses from 2D keypoints of people and known intrinsics',
    ),
    'check-rig': (
        'mmpose_ours.cli.check_rig',
        'say what is wrong or strange about a calibration, by itself, images and keypoints',
    ),
    'convert-calibration': (
        'mmpose_ours.cli.convert_calibration',
        'convert a calibration file from one format to another',
    ),
    'convert-checkpoint': (
        'mmpose_ours.cli.convert_checkpoint',
        'turn the weights of a VoxelPose of MMPose 0.x into ours, or ours into those',
    ),
    'doctor': (
        'mmpose_ours.cli.doctor',
        'say what this environment lacks for training, and how to fix it',
    ),
    'evaluate': (
        'mmpose_ours.cli.evaluate',
        'score predicted 3D poses against ground truth',
    ),
    'export': (
        'mmpose_ours.cli.export',
        'write 3D poses over time as CSV, TRC, C3D, BVH or NumPy arrays',
    ),
    'fetch-models': (
        'mmpose_ours.cli.fetch_models',
        'fetch the weights of the detector mediapipe before they are needed',
    ),
    'fit-noise': (
        'mmpose_ours.cli.fit_noise',
        "measure a detector's faults on your own keypoints, for generating people like them",
    ),
    'export-weights': (
        'mmpose_ours.cli.export_weights',
        'write the weights of a checkpoint as safetensors, which cannot run code',
    ),
    'fit-space': (
        'mmpose_ours.cli.fit_space',
        'find the capture volume of a rig, as lines for a config',
    ),
    'formats': (
        'mmpose_ours.cli.formats',
        'list the formats of calibrations and 2D keypoints that are read, with an example of each',
    ),
    'init': (
        'mmpose_ours.cli.init',
        'make a data folder for a rig: calibration, image folders, config, image',
    ),
    'inspect': (
        'mmpose_ours.cli.inspect_paths',
        'say what files and folders are, what is in them, and which command takes them',
    ),
    'keypoints': (
        'mmpose_ours.cli.keypoints',
        'convert and summarise 2D keypoints of OpenPose, MMPose, YOLO, DeepLabCut and other tools',
    ),
    'kinematics': (
        'mmpose_ours.cli.kinematics',
        'compute joint angles of 3D poses over time, as .mot or CSV',
    ),
    'path': (
        'mmpose_ours.cli.path',
        'print where configs, launch scripts or schemas lie',
    ),
    'pose-bank': (
        'mmpose_ours.cli.pose_bank',
        'make a bank of poses from recordings of people, and say how good it is',
    ),
    'predict': (
        'mmpose_ours.cli.predict',
        'find 3D poses in images, videos or keypoints of your cameras, and show them',
    ),
    'prepare': (
        'mmpose_ours.cli.prepare',
        'check and unpack what was downloaded of Campus, Shelf or CMU Panoptic',
    ),
    'refine-rig': (
        'mmpose_ours.cli.refine_rig',
        'refine the camera poses of a calibration from 2D keypoints of people',
    ),
    'synchronize': (
        'mmpose_ours.cli.synchronize',
        'find time offsets and frame rates of cameras from 2D keypoints of people',
    ),
    'train-rig': (
        'mmpose_ours.cli.train_rig',
        'train for a rig and say whether it pays: check, space, noise, train, test, report',
    ),
    'undistort': (
        'mmpose_ours.cli.undistort',
        'render images or videos without lens distortion, and write their pinhole rig',
    ),
    'view': (
        'mmpose_ours.cli.view',
        'look at 3D poses: a web page to walk around in, images, a film',
    ),
}


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser; only the commands that ``argv`` names get their arguments."""
    parser = argparse.ArgumentParser(
        prog='mmpose-ours',
        description='Multi-view, multi-person 3D human pose estimation on your own camera rig.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    add_debug(parser)
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, (module_name, summary) in COMMANDS.items():
        description = f'{summary[:1].upper()}{summary[1:]}.'
        sub = commands.add_parser(name, help=summary, description=description)
        add_debug(sub)
        if name in argv:
            module = importlib.import_module(module_name)
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


# Options under the names that they had before.
RENAMED_OPTIONS = {'--instants': '--frames', '--picture': '--figure'}


def current_names(argv: Sequence[str]) -> list[str]:
    """The arguments with options that were renamed under their new names."""
    words = []
    for word in argv:
        name, equals, value = word.partition('=')
        words.append(RENAMED_OPTIONS.get(name, name) + equals + value)
    return words


def join_up(argv: Sequence[str]) -> list[str]:
    """Keep argparse from taking a leading dash for an option.

    ``--up -y`` becomes ``--up=-y``, and a point such as ``-1,0,2.5`` gets a space before it.
    """
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] == '--up':
            joined[-1] = f'--up={word}'
        elif re.fullmatch(r'-[-+.,eE\d\s]*,[-+.,eE\d\s]*', word):
            joined.append(f' {word}')
        else:
            joined.append(word)
    return joined


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name. None means ``sys.argv[1:]``.

    Returns:
        The exit status; see :func:`guarded`.
    """
    argv = join_up(current_names(sys.argv[1:] if argv is None else argv))

    def call() -> int:
        args = build_parser(argv).parse_args(argv)
        try:
            return args.run(args)
        except InputError as error:
            better = in_its_place(error, args, argv)
            if better is error:
                raise
            raise better from error

    return guarded('mmpose-ours', argv, call)


def convert_calibration(argv: Sequence[str] | None = None) -> int:
    """The program ``convert-calibration``: ``mmpose-ours convert-calibration`` by itself."""
    argv = join_up(current_names(sys.argv[1:] if argv is None else argv))

    def call() -> int:
        parser = argparse.ArgumentParser(
            prog='convert-calibration',
            description='Convert a calibration from one format to another, and check it.',
        )
        add_debug(parser)
        command = importlib.import_module(COMMANDS['convert-calibration'][0])
        command.add_arguments(parser)
        return command.run(parser.parse_intermixed_args(argv))

    return guarded('convert-calibration', argv, call)


if __name__ == '__main__':
    sys.exit(main())
