"""The agent of the toolbox: PID 1, recorder, and the commands a person runs in the pod."""

__version__ = "0.1.0"
