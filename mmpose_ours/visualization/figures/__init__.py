"""Figures by Matplotlib: rigs, frames, banks of poses."""
