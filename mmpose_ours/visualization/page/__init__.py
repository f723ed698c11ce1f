"""Web pages of a recording: the 3D viewer and the run report."""
