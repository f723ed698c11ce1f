"""Readers that do on purpose what the harness must notice."""

import ctypes
import time


def _spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


# Kind to what the failure says, and what the reader does.
FAULTS = {
    'exception': ('KeyError', lambda: {}['x']),
    'memory': ('MemoryError', lambda: len(bytearray(3 << 30))),
    'time': ('took 0.', lambda: _spin(0.7)),
    'endless': ('took more', lambda: _spin(100)),
    'crash': ('SIGSEGV', lambda: ctypes.string_at(0)),
    'code': ('EXECUTED', lambda: open('executed', 'w').close()),
}


def faulty(kind):
    """A reader that behaves for its valid sample only."""

    def write(folder):
        (folder / 'a').write_bytes(b'valid' * 20)
        return folder / 'a'

    def read(path):
        if path.read_bytes() != b'valid' * 20:
            FAULTS[kind][1]()

    return write, read
