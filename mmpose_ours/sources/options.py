"""Dataclasses out of a config's dictionaries."""

from __future__ import annotations

import dataclasses
from typing import Any

from mmpose_ours.errors import InputError


def from_options(cls: type, options: dict[str, Any], what: str, **fixed: Any) -> Any:
    """Build a dataclass from a config's dictionary.

    Raises:
        InputError: An entry is not one of the dataclass, or its value is unfit.
    """
    known = [field.name for field in dataclasses.fields(cls) if field.name not in fixed]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(
            f'{what} has no {", ".join(unknown)}; it takes {", ".join(known)}',
            code='unknown-name',
            found=unknown,
            expected=known,
        )
    try:
        return cls(**fixed, **options)
    except TypeError as error:
        raise InputError(
            f'{what}: {error}; it takes {", ".join(known)}',
            code='invalid-input',
            found=options,
            expected=known,
        ) from error
