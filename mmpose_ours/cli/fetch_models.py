"""``mmpose-ours fetch-models``: the weights of the detector ``mediapipe``, before they are needed.

Exit code 0: they are here; 2: they could not be fetched, or the file is not the wheel.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mmpose_ours.detectors.mediapipe_models import VARIABLE, fetch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mmpose-ours fetch-models``."""
    parser.add_argument(
        'wheel',
        type=Path,
        nargs='?',
        metavar='WHEEL',
        help='the wheel of mediapipe 0.10.14, of any system (default: pip downloads it, 40 MB); '
        f'{VARIABLE} names the folder in which its models are kept',
    )


def run(args: argparse.Namespace) -> int:
    """Fetch as the arguments say.

    Returns:
        Exit code, see the module.

    Raises:
        InputError, OSError: The models cannot be had.
    """
    print(f"MediaPipe's models are in {fetch(args.wheel)}")
    return 0
