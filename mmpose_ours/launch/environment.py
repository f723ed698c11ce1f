"""What this machine has: installed versions, real imports, GPUs, disk, port.

This module does **not** judge: see :mod:`mmpose_ours.launch.doctor`.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import os
import platform
import shutil
import socket
import subprocess
import warnings

from mmpose_ours import xtcocotools_stand_in
from mmpose_ours.io import package_files as paths

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
    'pycocotools',
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
    'mmpose.apis',
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
        free_port: The next one that nobody has.
        driver_gpus: Names of the GPUs that NVIDIA's driver sees, whatever torch does.
        shared_gb: Room for what worker processes of a loader hand over; None where there is no
            such place to look at.
        host_resolves: Whether this machine's own name leads to an address, as gloo needs.
        unfit_gpus: Those of ``gpus`` that are of a generation this torch was not built for.
    """

    python: str
    versions: dict[str, str]
    errors: dict[str, str]
    gpus: tuple[str, ...] = ()
    stock_tools: str | None = None
    free_gb: float = 100.0
    busy_port: int | None = None
    free_port: int | None = None
    driver_gpus: tuple[str, ...] = ()
    shared_gb: float | None = None
    host_resolves: bool = True
    unfit_gpus: tuple[str, ...] = ()


def probe() -> Environment:
    """Look at this machine: installed versions, real imports, GPUs, disk, port."""
    versions = {}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    xtcocotools_stand_in.provide()  # as a config does, for MMPose
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
    gpus, unfit = _gpus() if 'torch' not in errors else ((), ())
    busy = _busy_port()
    return Environment(
        python=platform.python_version(),
        versions=versions,
        errors=errors,
        gpus=gpus,
        stock_tools=stock_tools,
        free_gb=_free_gb(os.getcwd()) or 0.0,
        busy_port=busy,
        free_port=_free_port((busy or DEFAULT_PORT) + 1) if busy else None,
        driver_gpus=_driver_gpus(),
        shared_gb=_free_gb('/dev/shm'),
        host_resolves=_host_resolves(),
        unfit_gpus=unfit,
    )


def _gpus() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the GPUs that torch sees, and of those whose code it does not have."""
    import torch

    if not torch.cuda.is_available():
        return (), ()
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    built_for = [
        int(arch.split('_')[1].rstrip('af')) for arch in torch.cuda.get_arch_list() if '_' in arch
    ]
    unfit = []
    for index, name in enumerate(names):
        major, minor = torch.cuda.get_device_capability(index)
        # Code runs on newer chips of the same generation.
        if built_for and not any(major == a // 10 and minor >= a % 10 for a in built_for):
            unfit.append(name)
    return tuple(names), tuple(unfit)


def _driver_gpus() -> tuple[str, ...]:
    try:
        answer = subprocess.run(
            ['nvidia-smi', '--query-gpu=name', '--format=csv,noheader'],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())


def _free_gb(folder: str) -> float | None:
    try:
        return shutil.disk_usage(folder).free / 2**30
    except OSError:
        return None


def _host_resolves() -> bool:
    try:
        socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return False
    return True


def _busy_port() -> int | None:
    port = int(os.environ.get('PORT') or DEFAULT_PORT)
    return None if _is_free(port) else port


def _free_port(first: int) -> int | None:
    return next((port for port in range(first, min(first + 100, 65536)) if _is_free(port)), None)


def _is_free(port: int) -> bool:
    with socket.socket() as server:
        # As torch's server does: a port that only waits after its last use is free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True
