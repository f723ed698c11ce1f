"""Pictures of rigs, scenes and results."""

from mmpose_ours.visualization.figure import draw_instant
from mmpose_ours.visualization.hook import MultiviewVisualizationHook
from mmpose_ours.visualization.visualizer import MultiviewVisualizer

__all__ = ['MultiviewVisualizationHook', 'MultiviewVisualizer', 'draw_instant']
