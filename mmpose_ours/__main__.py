"""``python -m mmpose_ours``: the command ``mmpose-ours`` where scripts are not on the path."""

import sys

from mmpose_ours.cli.main import main

if __name__ == '__main__':
    sys.exit(main())
