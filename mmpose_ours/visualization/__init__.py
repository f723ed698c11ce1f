"""Pictures of rigs, scenes and results.

Drawing needs Matplotlib only; the visualizer and the hook, which need MMEngine, are
imported from their own modules.
"""

from mmpose_ours.visualization.rig_sheet import draw_rig
from mmpose_ours.visualization.view_grid import draw_instant

__all__ = ['draw_instant', 'draw_rig']
