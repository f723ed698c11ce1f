"""``python -m mmpose_ours.cli``."""

import sys

from mmpose_ours.cli.main import main

sys.exit(main())
