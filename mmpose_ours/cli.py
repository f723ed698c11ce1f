"""The command line ``mmpose-ours``: parse, call, print.

A command is a module with ``add_arguments(parser)`` and ``run(args) -> int``, named in
:data:`COMMANDS`. Only the module of the command that is asked for is imported, so that
``mmpose-ours --help`` does not wait for torch.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import Sequence

from mmpose_ours import __version__

# command -> (module, what it does)
COMMANDS = {
    'convert-calibration': (
        'mmpose_ours.calibration.convert',
        'convert a calibration file from one format to another',
    ),
    'doctor': (
        'mmpose_ours.doctor',
        'say what this environment lacks for training, and how to mend it',
    ),
    'evaluate': (
        'mmpose_ours.evaluation.report',
        'score predicted 3D poses against ground truth',
    ),
    'path': (
        'mmpose_ours.paths',
        'print where configs, launch scripts or schemas lie',
    ),
}


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser; only the commands that ``argv`` names get their arguments."""
    parser = argparse.ArgumentParser(
        prog='mmpose-ours',
        description='Multi-view, multi-person 3D human pose estimation on your own camera rig.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    parser.add_argument(
        '--debug',
        action='store_true',
        help='show the traceback of an error (or MMPOSE_OURS_DEBUG=1)',
    )
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, (module_name, summary) in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=f'{summary.capitalize()}.')
        if name in argv:
            module = importlib.import_module(module_name)
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name. None means ``sys.argv[1:]``.

    Returns:
        The exit status: 2 after an error in what the user gave.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = '--debug' in argv or os.environ.get('MMPOSE_OURS_DEBUG', '') not in ('', '0')
    try:
        args = build_parser(argv).parse_args(argv)
        return args.run(args)
    except BrokenPipeError:
        # The reader (head, less) has seen enough. What is left must not be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except ImportError as error:
        if debug:
            raise
        message = f'{error}; `mmpose-ours doctor` says what is missing and how to add it'
    except (ValueError, OSError) as error:
        if debug:
            raise
        message = ' '.join(str(error).split())
    print(f'mmpose-ours: error: {message}', file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main())
