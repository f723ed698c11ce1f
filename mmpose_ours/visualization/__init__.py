"""Pictures of rigs, scenes and results.

Drawing needs Matplotlib only; the visualizer and the hook, which need MMEngine, are
imported from their own modules.
"""

from mmpose_ours.visualization.figure import draw_instant
from mmpose_ours.visualization.rig import draw_rig

__all__ = ['draw_instant', 'draw_rig']
