"""Where synthetic people get their poses from: a body model, pose banks, recordings."""
