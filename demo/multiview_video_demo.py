"""People in 3D from a video per camera, as a film and a page to walk around in.

python demo/multiview_video_demo.py CONFIG CHECKPOINT --video-root videos \
    --camera-param-file camera_parameters.json --out vis/videos
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ours.cli import guarded
from mmpose_ours.commands.predict import add_recording, inferencer_of, look, predict


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint', help='its weights: a file or mmpose-ours://NAME')
    parser.add_argument('--video-root', required=True, help='folder with <camera>.mp4 and so on')
    parser.add_argument('--camera-param-file', required=True, help='calibration of the cameras')
    parser.add_argument('--out', required=True, help='folder for film, page and results')
    add_recording(parser)
    args = parser.parse_args()
    rig, out = args.camera_param_file, Path(args.out)
    inferencer = inferencer_of(args, args.config, args.checkpoint, rig)
    people = predict(inferencer, args, args.video_root, out)
    look(args, rig, args.video_root, out, '--mp4')
    return 0 if people else 1


if __name__ == '__main__':
    sys.exit(guarded('demo', sys.argv[1:], main))
