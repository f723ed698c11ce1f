"""Tables as text: rows of cells, and cells as numbers."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import os
from pathlib import Path
from typing import Iterator, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.json_schema import show
from mmpose_ours.io.json_values import MAX_INTEGER, Place
from mmpose_ours.io.limits import limits

# The separators of spreadsheets; the first line tells which it is.
_SEPARATORS = ',;\t'
# More cells than a thousand people of a thousand joints have.
MAX_CELLS = 3 * 10**6
# How tables spell a cell that holds nothing.
_EMPTY = {'', 'nan', 'none', 'null', 'na', 'n/a'}


def rows_of(path: Path) -> Iterator[list[str]]:
    """The rows of a table, one by one, without those that are empty.

    Raises:
        FileFormatError: It is no text, or no table.
        LimitError: It is larger than ``motion_bytes``.
        OSError: It cannot be read.
    """
    with _text(path) as file:
        first = file.readline()
        separator = max(_SEPARATORS, key=first.count)
        reader = csv.reader(itertools.chain([first], file), delimiter=separator)
        try:
            for row in reader:
                if len(row) > MAX_CELLS:
                    raise Place(path, f'line {reader.line_num}').error(
                        f'has {len(row):,} cells',
                        f'at most {MAX_CELLS:,}',
                        value=len(row),
                        wanted=MAX_CELLS,
                        code='out-of-range',
                    )
                if any(row):
                    yield row
        except csv.Error as error:
            raise FileFormatError(f'{path}: line {reader.line_num}: {error}', file=path) from error


def head_of(path: Path, count: int) -> list[list[str]]:
    """The first rows of a file; none of what is no table."""
    try:
        return list(itertools.islice(rows_of(path), count))
    except FileFormatError:
        return []


def lines_of(path: Path) -> list[list[str]]:
    """The lines of a text, each split at its spaces, without those that are empty.

    Raises:
        FileFormatError: It is no text.
        LimitError: It is larger than ``record_bytes``.
        OSError: It cannot be read.
    """
    with _text(path, 'record_bytes') as file:
        return [words for line in file if (words := line.split())]


@contextlib.contextmanager
def _text(path: Path, limit: str = 'motion_bytes') -> Iterator[io.TextIOWrapper]:
    with io.TextIOWrapper(open_regular(path), 'utf-8-sig', newline='') as file:
        limits().check(limit, os.fstat(file.fileno()).st_size, 'bytes', path)
        try:
            yield file
        except UnicodeDecodeError as error:
            raise FileFormatError(
                f'{path}: no UTF-8 text but binary data', file=path, expected='UTF-8 text'
            ) from error


def floats(cells: Sequence[str], place: Place) -> np.ndarray:
    """Cells as numbers, NaN where one is empty.

    Raises:
        FileFormatError: One of them is not a number.
    """
    try:
        return np.array(cells, np.float64)
    except ValueError:
        numbers = [_number(cell) for cell in cells]
    if None in numbers:
        odd = cells[numbers.index(None)]
        raise place.error(f'has {show(odd)}', 'a number', value=odd)
    return np.array(numbers, np.float64)


def _number(cell: str) -> float | None:
    text = cell.strip().lower()
    if text in _EMPTY:
        return float('nan')
    try:
        return float(text)
    except ValueError:
        return None


def whole(cell: str, place: Place) -> int:
    """A cell as a whole number, which may be written as ``12.0``.

    Raises:
        FileFormatError: It is something else, or does not fit in 64 bits.
    """
    number = _number(cell)
    if number is None or not 0 <= number <= MAX_INTEGER or number != int(number):
        raise place.error(f'has {show(cell)}', 'the number of a frame', value=cell)
    text = cell.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else int(number)
