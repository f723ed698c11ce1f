"""Images and videos of a rig: finding them, and reading them frame set by frame set."""
