"""Trajectories: 3D poses of a recording estimated from all of its frames together."""
