"""Cameras, rigs, lenses and points: the geometry of several views, on NumPy arrays."""
