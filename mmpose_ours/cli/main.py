"""The command line ``mmpose-ours``: parse, call, print.

A command is a module with ``add_arguments(parser)`` and ``run(args) -> int``, named in
:data:`COMMANDS`. Only the module of the command that is asked for is imported, so that
``mmpose-ours --help`` does not wait for torch.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
import traceback
from typing import Any, Callable, Sequence

from mmpose_ours import __version__
from mmpose_ours.io.files import explain_os_error
from mmpose_ours.io.terminal import escaped_streams, one_line

# Exit statuses; 70 and 71 after sysexits.h, 130 as shells have it.
BAD_INPUT, INTERNAL_ERROR, NO_MEMORY, INTERRUPTED = 2, 70, 71, 130

# command -> (module, what it does)
COMMANDS = {
    'align-rig': (
        'mmpose_ours.cli.align_rig',
        'turn, scale and ground a calibration by what is known of the room',
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
        'mmpose_ours.launch.doctor',
        'say what this environment lacks for training, and how to mend it',
    ),
    'evaluate': (
        'mmpose_ours.evaluation.report',
        'score predicted 3D poses against ground truth',
    ),
    'export': (
        'mmpose_ours.cli.export',
        'write 3D people over time as CSV, TRC, C3D, BVH or NumPy arrays',
    ),
    'fit-noise': (
        'mmpose_ours.cli.fit_noise',
        "measure a detector's faults on your own keypoints, for inventing people like them",
    ),
    'export-weights': (
        'mmpose_ours.checkpoints.shipped_weights',
        'write the weights of a checkpoint as safetensors, which cannot run code',
    ),
    'fit-space': (
        'mmpose_ours.cli.fit_space',
        'find the capture space of a rig, as lines for a config',
    ),
    'init': (
        'mmpose_ours.cli.init',
        'make a data folder for a rig: calibration, image folders, config, picture',
    ),
    'keypoints': (
        'mmpose_ours.cli.keypoints',
        'convert 2D people of OpenPose, AlphaPose, COCO, MMPose or Pose2Sim, and say what is there',
    ),
    'path': (
        'mmpose_ours.io.package_files',
        'print where configs, launch scripts or schemas lie',
    ),
    'pose-bank': (
        'mmpose_ours.cli.pose_bank',
        'make a bank of poses from recordings of people, and say how good it is',
    ),
    'predict': (
        'mmpose_ours.cli.predict',
        'find people in 3D in images, videos or keypoints of your cameras, and show them',
    ),
    'prepare': (
        'mmpose_ours.cli.prepare',
        'check and unpack what was downloaded of Campus, Shelf or CMU Panoptic',
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
        'look at 3D people: a web page to walk around in, pictures, a film',
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


def add_debug(parser: argparse.ArgumentParser) -> None:
    """Declare ``--debug``, which :func:`guarded` looks for."""
    parser.add_argument(
        '--debug',
        action='store_true',
        default=argparse.SUPPRESS,
        help='show the traceback of an error (or MMPOSE_OURS_DEBUG=1)',
    )


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


def guarded(program: str, argv: Sequence[str], call: Callable[[], int]) -> int:
    """Run a program; an error becomes one sentence on stderr, and control characters are escaped.

    Args:
        program: What stands before the sentence.
        argv: The arguments; with ``--debug`` among them errors keep their traceback.
        call: Parses and runs.

    Returns:
        The program's exit status: its own, or :data:`BAD_INPUT` for what the user gave,
        :data:`INTERNAL_ERROR` for a bug of this package, :data:`NO_MEMORY`, :data:`INTERRUPTED`.
    """
    debug = '--debug' in argv or os.environ.get('MMPOSE_OURS_DEBUG', '') not in ('', '0')
    with escaped_streams():
        try:
            return call()
        except BrokenPipeError:
            # The reader (head, less) has seen enough. What is left must not be flushed at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:
            if debug:
                sys.excepthook = _print_traceback
                raise
            message, status = explain_error(error)
            print(f'{program}: {one_line(message)}', file=sys.stderr)
            return status


def explain_error(error: Exception) -> tuple[str, int]:
    """What to tell the user about an exception, and the exit status.

    Only what this package raises for bad input, and what the operating system refuses, is the
    user's; anything else is told to be a bug, with the way to report it.
    """
    if isinstance(error, ImportError):
        hint = '`mmpose-ours doctor` says what is missing and how to add it'
        return f'error: {error}; {hint}', BAD_INPUT
    if isinstance(error, OSError):
        return f'error: {explain_os_error(error)}', BAD_INPUT
    if isinstance(error, ValueError):
        return f'error: {error}', BAD_INPUT
    # torch.OutOfMemoryError, of a GPU, is a RuntimeError; torch itself may not be there.
    if isinstance(error, MemoryError) or type(error).__name__ == 'OutOfMemoryError':
        about = one_line(error).partition('. ')[0]
        return (
            f'error: not enough memory{f" ({about})" if about else ""}; work on fewer frames or '
            'cameras at once, for example with a smaller --batch-size, or on a larger machine'
        ), NO_MEMORY
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = ''.join(f' at {os.path.basename(at.filename)}:{at.lineno}' for at in where)
    return (
        f'internal error: {type(error).__name__}: {str(error)[:500]}{place}; this is a bug in '
        'mmpose_ours: run the same command again with --debug (or MMPOSE_OURS_DEBUG=1) and report '
        "what it prints in the project's issue tracker"
    ), INTERNAL_ERROR


def _print_traceback(kind: Any, error: Any, trace: Any) -> None:
    with escaped_streams():
        traceback.print_exception(kind, error, trace)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name. None means ``sys.argv[1:]``.

    Returns:
        The exit status; see :func:`guarded`.
    """
    argv = join_up(sys.argv[1:] if argv is None else argv)

    def call() -> int:
        args = build_parser(argv).parse_args(argv)
        return args.run(args)

    return guarded('mmpose-ours', argv, call)


def convert_calibration(argv: Sequence[str] | None = None) -> int:
    """The program ``convert-calibration``: ``mmpose-ours convert-calibration`` by itself."""
    argv = join_up(sys.argv[1:] if argv is None else argv)

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
