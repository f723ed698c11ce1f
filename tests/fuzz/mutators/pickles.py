"""Operations of pickles, alone or one after the other as in old files of torch."""

from __future__ import annotations

import pickle
import pickletools
import struct

from .plain import Rng, pick, raw, structure

# Whole operations; what is called or built stands in the names.
OPERATIONS = (
    b'(', b'.', b'0', b'1', b'2', b']', b'}', b')', b'\x8f', b'\x85', b'\x86', b'\x87', b'\x88',
    b'\x89', b'N', b'R', b'b', b'o', b'\x81', b'\x92', b'\x93', b'\x94', b'a', b'e', b's', b'u',
    b't',
    b'l', b'd', b'\x90', b'\x91', b'Q', b'\x97', b'\x98', b'h\0', b'h\xff', b'q\0',
    b'j\xff\xff\xff\x7f',
    b'r\xff\xff\xff\x7f', b'g0\n', b'p99999999999\n', b'g-1\n', b'\x82\1', b'\x84\1\0\0\0',
    b'\x8a\x09' + b'\xff' * 9, b'\x8b\xff\xff\xff\x7f', b'\x8b\0\0\0\x80', b'J\xff\xff\xff\xff',
    b'K\x05', b'M\xff\xff', b'G' + b'\x7f\xf8' + bytes(6), b'G' + b'\x7f\xf0' + bytes(6),
    b'F1e999\n',
    b'I' + b'9' * 5000 + b'\n', b'L' + b'9' * 400 + b'L\n', b'I01\n', b'Inan\n', b"S'x'\n",
    b'Sx\n',
    b'V\\ud800\n', b'X\1\0\0\0x', b'X\xff\xff\xff\xffx', b'\x8d' + b'\xff' * 8, b'\x8c\1x',
    b'\x8e\xff\xff\xff\xff\0\0\0\0', b'\x96' + bytes(7) + b'\x7f', b'C\1x', b'B\xff\xff\xff\x7f',
    b'\x95' + b'\xff' * 8, b'\x80\5', b'\x80\xff', b'P0\n', b'(lp0\nh\0a', b'(dp1\n',
    b'(' * 3000, b'\x85' * 3000, b']' + b'2' * 3000, b']q\0h\0a', b'}q\0h\0h\0s', b'(h\0h\0\x90',
)  # fmt: skip
NAMES = (
    ('os', 'system'), ('posix', 'system'), ('builtins', 'eval'), ('builtins', 'getattr'),
    ('builtins', 'bytearray'), ('builtins', 'set'), ('builtins', 'object'), ('builtins', 'int'),
    ('_codecs', 'encode'), ('copyreg', '_reconstructor'), ('collections', 'OrderedDict'),
    ('collections', 'Counter'), ('collections', 'defaultdict'), ('numpy', 'dtype'),
    ('numpy', 'ndarray'), ('numpy.core.multiarray', '_reconstruct'), ('numpy', 'load'),
    ('numpy.core.multiarray', 'scalar'), ('numpy._core.multiarray', '_reconstruct'),
    ('numpy.core.numeric', '_frombuffer'), ('torch._utils', '_rebuild_tensor_v2'),
    ('torch._utils', '_rebuild_parameter'), ('torch', 'FloatStorage'), ('torch', 'load'),
    ('torch', 'Size'), ('torch', 'device'), ('torch.storage', 'UntypedStorage'),
    ('mmengine.logging.history_buffer', 'HistoryBuffer'), ('a.b', 'c.d.e'), ('', ''),
)  # fmt: skip
WIDTHS = {'BININT1': '<B', 'BININT2': '<H', 'BININT': '<i', 'BINGET': '<B', 'BINPUT': '<B',
          'LONG_BINGET': '<I', 'LONG_BINPUT': '<I', 'BINFLOAT': '>d', 'PROTO': '<B'}  # fmt: skip


def _operations(content: bytes) -> list[tuple[str, bytes]] | None:
    """Name and bytes of the operations of the pickle that a file begins with."""
    try:
        found = [(operation.name, at) for operation, _, at in pickletools.genops(content)]
    except Exception:  # noqa: BLE001, a broken one
        return None
    ends = [at for _, at in found[1:]] + [found[-1][1] + 1]
    return [(name, content[at:end]) for (name, at), end in zip(found, ends) if at is not None]


def _is_pickle(content: bytes) -> bool:
    if content[:1] == b'\x80':
        return True
    return content[:1] in b'(cl]}d' and content[-1:] == b'.' and _operations(content) is not None


@structure(_is_pickle)
def _pickle(content: bytes, rng: Rng) -> bytes | None:
    """An operation, its argument or a name of a pickle."""
    before, after = b'', content
    for _ in range(int(rng.integers(6)) if rng.random() < 0.5 else 0):
        skipped = _operations(after)
        size = sum(len(code) for _, code in skipped or ())
        if not skipped or after[size : size + 1] != b'\x80':
            break
        before, after = before + after[:size], after[size:]
    operations = _operations(after)
    if not operations:
        return None
    after = after[sum(len(code) for _, code in operations) :]
    if rng.random() < 0.8:  # sizes of frames would be wrong
        operations = [each for each in operations if each[0] != 'FRAME']
    index, change = int(rng.integers(len(operations))), int(rng.integers(9))
    name, code = operations[index]
    if change == 0:
        del operations[index]
    elif change == 1:
        operations[index:index] = [operations[index]] * int(rng.integers(1, 300))
    elif change == 2:
        other = int(rng.integers(len(operations)))
        operations[index], operations[other] = operations[other], operations[index]
    elif change == 3:
        operations[index:index] = [('', pick(OPERATIONS, rng))]
    elif change == 4:
        operations[index] = ('', pick(OPERATIONS, rng))
    elif change == 5:
        operations[index:index] = [('', _called(rng))]
    elif change == 6:
        operations[index] = ('', pick(operations, rng)[1])
    else:
        operations[index] = ('', _argument(operations, index, rng))
    return before + b''.join(code for _, code in operations) + after


def _called(rng: Rng) -> bytes:
    """A global by name, and perhaps a call of it."""
    module, name = pick(NAMES, rng)
    code = f'c{module}\n{name}\n'.encode()
    if rng.random() < 0.5:
        return code
    arguments = pick(
        ((), ('touch executed',), (10**9,), (b'x', 'latin1'), ((2**40,),), ('O8', False, True)), rng
    )
    return code + pickle.dumps(arguments, 2)[2:-1] + b'R'


def _argument(operations: list[tuple[str, bytes]], index: int, rng: Rng) -> bytes:
    name, code = operations[index]
    if name in WIDTHS:
        size = struct.calcsize(WIDTHS[name])
        extreme = pick((b'\xff' * size, bytes(size), b'\xff' * (size - 1) + b'\x7f'), rng)
        return code[:1] + extreme
    if name == 'GLOBAL':
        return 'c{}\n{}\n'.format(*pick(NAMES, rng)).encode()
    if name == 'SHORT_BINUNICODE':
        text = pick(pick(NAMES, rng), rng).encode()
        return b'\x8c' + bytes([len(text)]) + text
    if name == 'BINUNICODE':
        text = pick(pick(NAMES, rng), rng).encode() * int(rng.integers(1, 99))
        return b'X' + struct.pack('<I', len(text)) + text
    if len(code) > 1:  # its size stays right
        inner = bytearray(code)
        start = {'SHORT_BINBYTES': 2, 'BINBYTES': 5, 'BINBYTES8': 9}.get(name, 1)
        if start < len(inner):
            inner[start + int(rng.integers(len(inner) - start))] = int(rng.integers(256))
        return bytes(inner)
    return raw(code, rng, code)
