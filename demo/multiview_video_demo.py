"""3D poses from a video per camera, as a film and a page to walk around in.

python demo/multiview_video_demo.py CONFIG CHECKPOINT --video-root videos \
    --camera-param-file camera_parameters.json --out vis/videos
"""

from __future__ import annotations

import sys

from mmpose_ours.cli.predict import demo_parser, find_people
from mmpose_ours.io.programs import guarded
from mmpose_ours.workflows.visualize import Wanted


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = demo_parser(__doc__)
    parser.add_argument('--video-root', required=True, help='folder with <camera>.mp4 and so on')
    parser.add_argument('--out', required=True, help='folder for film, page and results')
    args = parser.parse_args()
    return find_people(
        args, args.camera_param_file, args.video_root, args.out, Wanted(film=True, fps=args.fps)
    )


if __name__ == '__main__':
    sys.exit(guarded('demo', sys.argv[1:], main))
