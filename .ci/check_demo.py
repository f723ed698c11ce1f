"""Checks what the demo wrote: figures good enough, images there."""

import json
import sys
from pathlib import Path

MIN_RECALL_500MM = 0.97
MAX_MPJPE_MM = 40.0


def main(folder: Path) -> None:
    """Exit with a message where the demo's output falls short."""
    summary = json.loads((folder / 'summary.json').read_text())
    # null stands for a figure that nobody found leaves undefined.
    recall = summary['recall_500mm'] or 0.0
    mpjpe = float('inf') if summary['mpjpe_mm'] is None else summary['mpjpe_mm']
    images = [path for path in folder.rglob('*.png') if path.stat().st_size > 0]
    print(f'demo: recall_500mm {recall:.3f}, mpjpe_mm {mpjpe:.1f}, {len(images)} images')
    if recall < MIN_RECALL_500MM:
        sys.exit(f'demo: recall_500mm is {recall}, need at least {MIN_RECALL_500MM}')
    if mpjpe > MAX_MPJPE_MM:
        sys.exit(f'demo: mpjpe_mm is {mpjpe}, need at most {MAX_MPJPE_MM}')
    page = folder / 'scene' / 'scene.html'
    if not page.is_file():
        sys.exit(f'demo: no page {page}')
    if not images:
        sys.exit(f'demo: no image in {folder}')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
