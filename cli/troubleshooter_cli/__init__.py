"""kubectl troubleshoot: from one command to a recorded shell, from another to its replay."""
