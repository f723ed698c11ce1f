"""A small valid file of every kind that the package reads, and what reads it.

Each module has a table ``SAMPLES``: name to ``(write, read)``. ``write(folder)`` writes a sample
into an empty folder and returns its path, a file or a folder; ``read(path)`` reads such a path and
uses all that it holds, as the commands do. The fuzzer damages what ``write`` has written.
"""

import sys
from pathlib import Path

# Samples are made with what the tests have for making files.
TESTS = str(Path(__file__).resolve().parents[2] / 'helpers')
if TESTS not in sys.path:
    sys.path.append(TESTS)
