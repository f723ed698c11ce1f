"""One module per calibration format: a tool's files to and from a rig."""
