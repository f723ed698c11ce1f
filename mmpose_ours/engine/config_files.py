"""Reads configs, which are Python programs: only those of people whom you trust.

What is looked at before one is run is in :mod:`mmpose_ours.io.config_checks`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.config_checks import check_config_path, warn_of_config


def read_config(path: PathLike, **options: Any) -> Config:
    """Read a config, which runs it; a warning says so of one from elsewhere.

    Args:
        path: Python, JSON or YAML.
        **options: Of MMEngine's ``Config.fromfile``.

    Raises:
        ConfigPathError: See :func:`~mmpose_ours.io.config_checks.check_config_path`.
        FileFormatError: It is no config, or ends in an error.
        OSError: It cannot be read.
    """
    check_config_path(path)
    warn_of_config(path)
    if Path(path).is_dir():
        raise FileFormatError(f'{path}: is a folder, expected a config (.py)', file=path)
    try:
        return Config.fromfile(str(path), **options)
    except (OSError, MemoryError, FileFormatError):
        raise
    except Exception as error:  # a config is a program, which can end in anything
        raise FileFormatError(
            f'{path}: cannot be read as a config, {type(error).__name__}: {error}; correct it',
            file=path,
        ) from error
