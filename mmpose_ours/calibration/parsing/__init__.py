"""Files of a calibration as checked values: what every format builds on."""
