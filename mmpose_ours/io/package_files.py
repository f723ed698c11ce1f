"""Where the files lie that a user needs by name: configs, launch scripts, schemas, demo.

In a checkout they are its own folders; a wheel carries copies in ``mmpose_ours/share``.
This module does **not** import MMPose, it only finds it.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from pathlib import Path

from mmpose_ours.io.terminal import one_line

PACKAGE = Path(__file__).resolve().parents[1]
SHARED = ('configs', 'tools', 'demo')
MMPOSE_MISSING = (
    'MMPose is not installed for this Python; `pip install --no-deps mmpose==1.3.2` adds it, '
    'and `mmpose-ours doctor` says what else is missing'
)


def share(name: str) -> Path:
    """Find one of the folders that stand beside the package in a checkout.

    Args:
        name: One of :data:`SHARED`.

    Returns:
        The checkout's own folder, or the copy that the wheel installed.

    Raises:
        FileNotFoundError: The folder is in neither place.
    """
    # Only a wheel has mmpose_ours/share/, so it cannot hide a checkout's own folder.
    for folder in (PACKAGE / 'share' / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f'no folder {name!r} beside or inside {PACKAGE}: this installation is not complete, '
        'install mmpose-ours again'
    )


def schemas() -> list[Path]:
    """Find the folders of JSON Schemas; each subpackage that reads files has its own."""
    return sorted(folder for folder in PACKAGE.glob('**/schemas') if folder.is_dir())


def stock_tools() -> Path:
    """Find the launch scripts (``train.py``, ``dist_train.sh``, ...) of the installed MMPose.

    Raises:
        FileNotFoundError: There is no MMPose, or it came without its scripts.
    """
    spec = importlib.util.find_spec('mmpose')
    if spec is None or spec.origin is None:
        raise FileNotFoundError(MMPOSE_MISSING)
    mmpose = Path(spec.origin).parent
    # A release keeps them inside the package, a git checkout beside it.
    for folder in (mmpose / '.mim' / 'tools', mmpose.parent / 'tools'):
        if (folder / 'dist_train.sh').is_file() and (folder / 'train.py').is_file():
            return folder
    raise FileNotFoundError(
        f'the MMPose in {mmpose} came without its tools/ folder; install the release mmpose==1.3.2'
    )


def run_stock(script: str) -> None:
    """Run a script of the installed MMPose as if it had been started itself.

    Args:
        script: File name in :func:`stock_tools`, for example ``train.py``.

    Raises:
        SystemExit: MMPose or its scripts are missing, or a file that the config names is
            missing or unfit; one sentence says what to do. ``MMPOSE_OURS_DEBUG=1`` shows the
            traceback instead.
    """
    try:
        runpy.run_path(str(stock_tools() / script), run_name='__main__')
    except (ValueError, FileNotFoundError) as error:
        from mmpose_ours.errors import InputError

        of_the_user = (InputError, FileNotFoundError)
        debug = os.environ.get('MMPOSE_OURS_DEBUG', '') not in ('', '0')
        if debug or not isinstance(error, of_the_user):
            raise
        print(f'{script}: error: {one_line(error)}', file=sys.stderr)
        raise SystemExit(2) from None
