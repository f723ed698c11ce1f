"""These tests need an environment with MMPose 0.x (make setup-0x, make test-0x)."""

from importlib import metadata

try:
    HAS_0X = metadata.version('mmpose').startswith('0.')
except metadata.PackageNotFoundError:
    HAS_0X = False
if not HAS_0X:  # MMPose 1.x is another package under the same name
    collect_ignore_glob = ['test_*.py']
