"""What this machine has: installed versions, real imports, GPUs, disk, port.

This module does **not** judge: see :mod:`mmpose_ours.doctor`.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import os
import platform
import shutil
import socket
import warnings

from mmpose_ours import paths

DEFAULT_PORT = 29500  # of the stock dist_*.sh

DISTRIBUTIONS = (
    'numpy',
    'scipy',
    'opencv-python',
    'opencv-python-headless',
    'opencv-contrib-python',
    'opencv-contrib-python-headless',
    'jsonschema',
    'matplotlib',
    'setuptools',
    'xtcocotools',
    'torch',
    'torchvision',
    'mmengine',
    'mmcv',
    'mmcv-full',
    'mmcv-lite',
    'mmdet',
    'mmpose',
)
# Imported for real: a package that is installed may still not load. The order is that of
# their dependence, so that the first failure is the cause of the next.
MODULES = (
    'numpy',
    'scipy',
    'cv2',
    'jsonschema',
    'matplotlib',
    'pkg_resources',
    'xtcocotools.mask',
    'torch',
    'torchvision',
    'mmengine.runner',
    'mmcv',
    'mmcv.ops',
    'mmpose',
    'mmpose.datasets',
    'mmpose.evaluation',
)


@dataclasses.dataclass(frozen=True)
class Environment:
    """What :func:`probe` saw.

    Args:
        python: Python's version.
        versions: Version by distribution name, for those that are installed.
        errors: What went wrong, by name of the module that could not be imported.
        gpus: Names of the CUDA devices that torch sees.
        stock_tools: Folder of MMPose's launch scripts, None where they are missing.
        free_gb: Free space on the disk of the current folder.
        busy_port: The port that the stock ``dist_*.sh`` would use, if another job has it.
    """

    python: str
    versions: dict[str, str]
    errors: dict[str, str]
    gpus: tuple[str, ...] = ()
    stock_tools: str | None = None
    free_gb: float = 100.0
    busy_port: int | None = None


def probe() -> Environment:
    """Look at this machine: installed versions, real imports, GPUs, disk, port."""
    versions = {}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    errors = {}
    for module in MODULES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                importlib.import_module(module)
        # MMPose and mmdet refuse versions with an AssertionError, a binary that does not
        # fit raises whatever it likes: all of it is what the doctor reports.
        except Exception as error:
            errors[module] = f'{type(error).__name__}: {" ".join(str(error).split())}'
    try:
        stock_tools = str(paths.stock_tools())
    except FileNotFoundError:
        stock_tools = None
    return Environment(
        python=platform.python_version(),
        versions=versions,
        errors=errors,
        gpus=_gpus() if 'torch' not in errors else (),
        stock_tools=stock_tools,
        free_gb=shutil.disk_usage(os.getcwd()).free / 2**30,
        busy_port=_busy_port(),
    )


def _gpus() -> tuple[str, ...]:
    import torch

    if not torch.cuda.is_available():
        return ()
    return tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))


def _busy_port() -> int | None:
    port = int(os.environ.get('PORT') or DEFAULT_PORT)
    with socket.socket() as server:
        # As torch's server does: a port that only waits after its last use is free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(('127.0.0.1', port))
        except OSError:
            return port
    return None
