"""Files of ``torch.save``, read as data without torch's unpickler.

Both layouts are read: zip archives (since torch 1.6) and the one before, pickles with the numbers
behind them. See :mod:`mmpose_ours.checkpoints.torch_pickle` for what may be in them and for why.
"""

from __future__ import annotations

import io
import shutil
import struct
import zipfile
from pathlib import Path
from typing import IO, Any

import torch

from mmpose_ours.checkpoints.torch_pickle import check_tree, unpickle
from mmpose_ours.checkpoints.torch_values import ContentError, Storage, itemsize, storage_dtype
from mmpose_ours.errors import FileFormatError, LimitError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.zip_input import ZipInput

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # of the layout before 1.6
_ZIP, _PICKLE = b'PK\x03\x04', b'\x80'  # how the layouts begin
_BLOCK = 1 << 22
_MAX_DIRECTORY = 1 << 24  # the list of a zip file's members
_MAX_TENSOR_BYTES = 16  # of all tensors, per byte of the file, where they share numbers


def read_torch_file(path: PathLike) -> Any:
    """Read a file of ``torch.save``.

    Args:
        path: A file of either layout.

    Returns:
        What was saved, on the CPU: plain Python containers, texts and numbers, tensors, NumPy
        arrays and :class:`~mmpose_ours.checkpoints.torch_values.History`.

    Raises:
        FileFormatError: The file is damaged, no file of ``torch.save``, or holds something else.
            Nothing of it is run.
        LimitError: It is larger than ``checkpoint_bytes``, or nested too deeply.
        FileNotFoundError: There is no such file.
    """
    size = Path(path).stat().st_size
    limits().check('checkpoint_bytes', size, 'bytes', path)
    try:
        with ZipInput(open_regular(path).detach(), _MAX_DIRECTORY) as file:
            start = file.read(4)
            if not start.startswith((_ZIP, _PICKLE)):
                raise ContentError('it does not begin as one', 'file-format')
            file.seek(0)
            layout: Any = _Zip if start == _ZIP else _Legacy
            value = layout(file, size, path).read()
        if check_tree(value, path) > _MAX_TENSOR_BYTES * size:
            raise ContentError('tensors that share their numbers many times over')
    except LimitError:
        raise
    # What zipfile raises for a damaged directory or a file that was cut.
    except (
        ContentError,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
        struct.error,
        OverflowError,
    ) as error:
        raise FileFormatError(
            f'{path}: no whole file of torch.save that holds only tensors and plain data ({error})',
            code=error.code if isinstance(error, ContentError) else 'damaged',
            file=path,
            found=str(error),
        ) from error
    return value


class _Bounded(io.RawIOBase):
    """Part of a file, of which no more is read than there is: no claim makes room for itself."""

    def __init__(self, file: IO[bytes], size: int):
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self._left:
            raise ContentError('it breaks off')
        self._left -= size
        return self._file.read(size)

    def readline(self, size: Any = -1) -> bytes:
        """A name, which is short."""
        line = self._file.readline(min(256, self._left))
        self._left -= len(line)
        return line

    def readinto(self, buffer: Any) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _new_storage(dtype: torch.dtype, count: Any, allowed: int) -> Storage:
    """Room for numbers, of which there must be no more bytes than the file has."""
    if type(count) is not int or not 0 <= count * itemsize(dtype) <= allowed:
        raise ContentError('a claim of more numbers than the file has')
    return Storage(torch.empty(count, dtype=dtype))


def _fill(storage: Storage, file: IO[bytes]) -> None:
    if not storage.data.numel():
        return
    content = storage.data.view(torch.uint8)
    numbers: Any = content.numpy()
    room, at = memoryview(numbers), 0
    while at < len(room):
        count = file.readinto(room[at : at + _BLOCK])  # type: ignore[attr-defined]
        if not count:
            raise ContentError('it breaks off')
        at += count
    if storage.data.dtype == torch.bool:
        content.clamp_(max=1)  # what else a byte of it may be is undefined


class _Zip:
    """The layout since torch 1.6: ``<name>/data.pkl`` and ``<name>/data/<key>``, not compressed."""

    def __init__(self, file: IO[bytes], size: int, path: PathLike):
        self._path, self._size, self._left = path, size, size
        self._archive = zipfile.ZipFile(file)
        members = self._archive.infolist()
        limits().check('archive_members', len(members), 'members', path)
        self._members = {member.filename: member for member in members}
        if len(self._members) < len(members):
            raise ContentError('an archive that has a name twice')
        self._storages: dict[str, Storage] = {}

    def read(self) -> Any:
        found = [name for name in self._members if name.endswith('/data.pkl')]
        if len(found) != 1 or found[0].count('/') != 1:
            raise ContentError('an archive without data.pkl')
        self._top = found[0][: -len('data.pkl')]
        if self._top + 'constants.pkl' in self._members:
            raise ContentError('a TorchScript program', 'unsafe')
        if self._top + 'byteorder' in self._members:
            with self._open('byteorder', 16) as file:
                if file.read() != b'little':
                    raise ContentError('numbers in another byte order')
        with self._open('data.pkl') as file:
            content = io.BytesIO()
            shutil.copyfileobj(file, content)
            content.seek(0)
        return unpickle(content, len(content.getbuffer()), self._path, self._storage)

    def _open(self, name: str, most: int | None = None) -> IO[bytes]:
        """Open a member, which must not be compressed and is at most as large as the file."""
        member = self._members.get(self._top + name)
        if member is None:
            raise ContentError(f'an archive without {name[:40]}')
        packed = member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1
        if packed or member.compress_size != member.file_size:
            raise ContentError('a compressed archive')
        if not 0 <= member.header_offset < self._size:
            raise ContentError('an archive whose members are not in it')
        # Members may overlap: together they are no larger than the file all the same.
        self._left -= member.file_size
        if self._left < 0 or (most is not None and member.file_size > most):
            raise ContentError('an archive whose members claim more than it has')
        return self._archive.open(member)

    def _storage(self, identity: Any) -> Storage:
        kind, dtype, key, _, count = identity
        dtype = storage_dtype(kind, dtype)
        if type(key) is not str:
            raise ContentError('numbers without a name')
        if key not in self._storages:
            with self._open(f'data/{key}') as file:
                size = self._members[f'{self._top}data/{key}'].file_size
                storage = _new_storage(dtype, count, size)
                if count * itemsize(dtype) != size:
                    raise ContentError(f'{size} bytes for {count} numbers of {dtype}')
                _fill(storage, file)
                if file.read(1):
                    raise ContentError('more numbers than it says')
            self._storages[key] = storage
        return _again(self._storages[key], dtype, count)


class _Legacy:
    """The layout before torch 1.6: pickles, and behind them the numbers."""

    def __init__(self, file: IO[bytes], size: int, path: PathLike):
        self._file: Any = _Bounded(file, size)
        self._path, self._size, self._left = path, size, size
        self._storages: dict[str, Storage] = {}

    def read(self) -> Any:
        for expected in (_MAGIC, _PROTOCOL):
            if unpickle(self._file, self._size, self._path) != expected:
                raise ContentError('it does not begin as one', 'file-format')
        system = unpickle(self._file, self._size, self._path)
        if not isinstance(system, dict) or system.get('little_endian') is not True:
            raise ContentError('numbers in another byte order')
        value = unpickle(self._file, self._size, self._path, self._storage)
        keys = unpickle(self._file, self._size, self._path)
        if type(keys) is not list or not all(type(key) is str for key in keys):
            raise ContentError('numbers without a name')
        if sorted(keys) != sorted(self._storages):
            raise ContentError('other numbers than its tensors need')
        for key in keys:
            storage = self._storages[key]
            (count,) = struct.unpack('<q', self._file.read(8))
            if count != storage.data.numel():
                raise ContentError(f'{count} numbers instead of {storage.data.numel()}')
            _fill(storage, self._file)
        return value

    def _storage(self, identity: Any) -> Storage:
        if identity[0] == 'module':
            raise ContentError('a whole model, which is code', 'unsafe')
        kind, dtype, key, _, count, view = identity
        dtype = storage_dtype(kind, dtype)
        if type(key) is not str:
            raise ContentError('numbers without a name')
        if key not in self._storages:
            self._storages[key] = _new_storage(dtype, count, self._left)
            self._left -= count * itemsize(dtype)
        storage = _again(self._storages[key], dtype, count)
        if view is None:
            return storage
        _, offset, length = view
        if not all(type(n) is int and 0 <= n <= count for n in (offset, length, offset + length)):
            raise ContentError('a part of numbers that is none')
        return Storage(storage.data[offset : offset + length])


def _again(storage: Storage, dtype: torch.dtype, count: Any) -> Storage:
    if storage.data.dtype != dtype or storage.data.numel() != count:
        raise ContentError('the same numbers as two things')
    return storage
