"""Images of rigs, scenes and results.

Drawing needs Matplotlib only; the visualizer and the hook, which need MMEngine, are
imported from their own modules.
"""

from mmpose_ours.visualization.figures.rig_sheet import draw_rig
from mmpose_ours.visualization.figures.view_grid import draw_frame

__all__ = ['draw_frame', 'draw_rig']
